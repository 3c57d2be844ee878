"""What each optimisation is worth: ``python -m graphc.bench.ablation``.

Every model is compiled with all optimisations and with each switched off in turn. The table shows kernel calls, bytes
of temporaries at the sizes of the feeds, and the median time of a step; all forms of a model take turns, so that other
work on the machine disturbs them alike.
"""

from __future__ import annotations

from collections.abc import Callable

import graphc as gc
from graphc.bench.models import Model, convnet, layernorm_gelu, mlp, normed_relu, softmax_xent
from graphc.bench.suite.ablate import ablated
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
SWITCHED = (*SWITCHES, "simplify", "factor_out", "stabilize")


def main() -> None:
    """Print one table a model, as Markdown."""
    for name, make in MODELS.items():
        print(f"\n**{name}**\n\n| off | kernel calls | arena bytes | us a step |\n|---|---|---|---|")
        for form in ablated(make(), rounds=60, seconds=0.0, threads=1, names=SWITCHED):
            print(f"| {form.off or '(all on)'} | {form.kernels} | {form.arena_bytes} | {form.seconds * 1e6:.0f} |")


if __name__ == "__main__":
    main()
