"""What each optimisation is worth: ``python -m graphc.bench.ablation``.

Every model is compiled with all optimisations and with each switched off in turn. The table shows kernel calls, bytes
of temporaries at the sizes of the feeds, and the median time of a step; all forms of a model take turns, so that other
work on the machine disturbs them alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import graphc as gc
from graphc.bench.models import Model, convnet, layernorm_gelu, mlp, normed_relu, softmax_xent
from graphc.schedule.switches import SWITCHES

WIDE = (256, 256, 256, 256, 10)
MODELS: dict[str, Callable[[], Model]] = {
    "mlp_sgd": lambda: mlp(32, (784, 128, 64, 10), lambda: gc.train.GradientDescentOptimizer(0.01)),
    "mlp_adam": lambda: mlp(32, (784, 128, 64, 10), lambda: gc.train.AdamOptimizer(0.001)),
    "mlp_gelu": lambda: mlp(128, WIDE, lambda: gc.train.GradientDescentOptimizer(0.01), gc.nn.gelu),
    "mlp_normed": lambda: mlp(2048, WIDE, lambda: gc.train.GradientDescentOptimizer(0.01), normed_relu),
    "layernorm_gelu": lambda: layernorm_gelu(512, 768),
    "softmax_xent": lambda: softmax_xent(512, 1000),
    "convnet": lambda: convnet(16, 16, (8, 16)),
}
SWITCHED = (None, *SWITCHES, "simplify", "factor_out", "stabilize")


def measure(model: Model, disable: tuple[str, ...]) -> tuple[int, int, Callable[[], float]]:
    """Kernel calls, bytes of temporaries, and a function that times one step in seconds."""
    session = gc.Session(graph=model.graph, config=gc.Config(disable=disable, threads=1))
    step = session.make_callable(model.fetches, model.feeds)
    step(*model.values)
    report = session.report(model.fetches, model.feeds)

    def timed() -> float:
        start = time.perf_counter()
        step(*model.values)
        return time.perf_counter() - start

    return report["kernels"]["called"], report["held_bytes"], timed


def table(name: str, repeats: int = 60) -> list[list[str]]:
    """Rows of one model: switch, kernel calls, arena bytes, microseconds a step."""
    forms = []
    for switch in SWITCHED:
        forms.append((switch, *measure(MODELS[name](), () if switch is None else (switch,))))
    times: list[list[float]] = [[] for _ in forms]
    for _ in range(repeats):
        for found, form in zip(times, forms, strict=True):
            found.append(form[3]())
    return [
        [form[0] or "(all on)", str(form[1]), str(form[2]), f"{median(found) * 1e6:.0f}"]
        for form, found in zip(forms, times, strict=True)
    ]


def main() -> None:
    """Print one table a model, as Markdown."""
    for name in MODELS:
        print(f"\n**{name}**\n\n| off | kernel calls | arena bytes | us a step |\n|---|---|---|---|")
        for row in table(name):
            print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
