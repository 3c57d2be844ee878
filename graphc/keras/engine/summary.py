"""The table of a model's layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphc.keras.engine.structure import mapped


def print_summary(
    model: Any, line_length: int | None = None, print_fn: Callable[[str], Any] | None = None, nested: bool = False,
    trainable: bool = False,
) -> None:  # fmt: skip
    """Print a table of layers, output shapes and numbers of weights, and the sums below it."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(show_lines=False)
    names = ["Layer (type)", "Output Shape", "Param #"]
    connected = (model.network is not None and len(model.inputs) + len(model.outputs) > 2) or _branched(model)
    names += (["Connected to"] if connected else []) + (["Trainable"] if trainable else [])
    for name in names:
        table.add_column(name, justify="right" if name == "Param #" else "left", overflow="fold")
    for depth, layer in _rows(model, nested, 0):
        cells = [
            f"{'  ' * depth}{layer.name} ({type(layer).__name__})",
            _shape_text(layer),
            f"{layer.count_params():,}",
        ]
        cells += [", ".join(_sources(layer, model))] if connected else []
        table.add_row(*map(escape, cells + (["Y" if layer.trainable else "N"] if trainable else [])))
    console = Console(width=line_length)
    with console.capture() as text:
        console.print(f'Model: "{model.name}"')
        console.print(table)
        for line in _totals(model):
            console.print(line, highlight=False)
    for line in text.get().rstrip().splitlines():
        (print_fn or print)(line)


def _rows(model: Any, nested: bool, depth: int) -> list[tuple[int, Any]]:
    found: list[tuple[int, Any]] = []
    for layer in model.layers:
        found.append((depth, layer))
        if nested and hasattr(layer, "layers"):
            found += _rows(layer, nested, depth + 1)
    return found


def _branched(model: Any) -> bool:
    network = model.network
    return network is not None and any(len(network.parents(n)) > 1 for n in network.nodes)


def _sources(layer: Any, model: Any) -> list[str]:
    calls = [n for n in model.network.nodes if n.layer is layer]
    return [p.layer.name for n in calls for p in model.network.parents(n)]


def _shape_text(layer: Any) -> str:
    try:
        return str(mapped(lambda t: t.shape, layer.output))
    except AttributeError:
        return "?"


def _totals(model: Any) -> list[str]:
    weights, own = model.weights, model.trainable_weights
    state = getattr(model, "_trainer", None)
    slots = [] if state is None else state.optimizer.variables
    rows = [("Total params", weights), ("Trainable params", own),
            ("Non-trainable params", [w for w in weights if w not in own])]  # fmt: skip
    rows += [("Optimizer params", slots)] if slots else []
    return [f" {n}: {sum(v.element_count for v in vs):,} ({_size(vs)})" for n, vs in rows]


def _size(variables: list[Any]) -> str:
    amount, unit = float(sum(v.element_count * v.dtype.np.itemsize for v in variables)), 0
    while amount >= 1024 and unit < 3:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.2f} {('B', 'KB', 'MB', 'GB')[unit]}"
