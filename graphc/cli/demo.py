"""``graphc demo``: train a classifier of handwritten digits, and show what the compiler did for it."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from graphc.cli.demo_model import Data, Model

INTERPRETED_STEPS = 200


@dataclass(frozen=True)
class Outcome:
    """What one seed led to; times of the single steps in seconds."""

    seed: int
    train: float
    validation: float
    test: float
    steps: list[float]


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser("demo", help="train a classifier of handwritten digits", description=__doc__)
    parser.add_argument("--seeds", type=_positive, default=5, metavar="N", help="trainings, one per seed (5)")
    parser.add_argument("--epochs", type=_positive, metavar="N", help="passes over the training images (30)")
    parser.add_argument(
        "--picture", type=Path, default=Path("graphc-digits.svg"), help="where the picture goes (graphc-digits.svg)"
    )
    parser.set_defaults(run=run)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is below 1")
    return number


def run(options: argparse.Namespace) -> int:
    """Build, draw, compile, train and compare; print as it goes."""
    import graphc as gc
    from graphc.cli import demo_model
    from graphc.cli.console import console
    from graphc.viz import export

    out = console()
    data, model = demo_model.load(), demo_model.build()
    picture = export(model.graph, options.picture, "The digits classifier, as it was built")
    parameters = sum(_size(variable) for variable in model.graph.get_collection("trainable_variables"))
    out.print(
        f"[bold]Graph[/]      {'-'.join(map(str, demo_model.LAYERS))} classifier of 8x8 digits: "
        f"{len(model.graph.operations)} operations, {parameters:,} parameters\n"
        f"[bold]Picture[/]    {picture}"
    )
    with gc.Session(graph=model.graph) as session:
        step, measure, seconds = _compile(session, model, data)
        report = session.report([model.loss, model.train], [model.images, model.labels])
        plan = export(report, picture.with_stem(picture.stem + "-compiled"), "The training step, as it was compiled")
        called, host = report["kernels"]["called"], report["kernels"]["host"]
        out.print(
            f"[bold]Compiled[/]   training step and evaluation in {seconds:.2f} s, first results included\n"
            f"           the step is one native call of {called} kernels, {host} of them in Python\n"
            f"[bold]Plan[/]       {plan}"
        )
        outcomes = _train_all(session, step, measure, data, options, out)
    _print_outcomes(out, outcomes)
    compiled = statistics.median(second for outcome in outcomes for second in outcome.steps)
    interpreted = _interpreted(model, data)
    out.print(
        f"[bold]Step[/]       {compiled * 1e6:.1f} us compiled (batch of {demo_model.BATCH}: forward, gradients, Adam; "
        f"NumPy arrays in, loss out)\n"
        f"           {interpreted * 1e6:.1f} us in the NumPy interpreter, {interpreted / compiled:.1f} times as long"
    )
    return 0


def _size(variable: Any) -> int:
    import math

    return math.prod(int(size) for size in variable.shape)


def _compile(session: Any, model: Model, data: Data) -> tuple[Callable[..., Any], Callable[..., Any], float]:
    """Make the two native programs and run each once."""
    from graphc.cli.demo_model import BATCH

    start = time.perf_counter()
    step = session.make_callable([model.loss, model.train], [model.images, model.labels])
    measure = session.make_callable(model.accuracy, [model.images, model.labels])
    images, labels = data.train
    step(images[:BATCH], labels[:BATCH])
    measure(images[:BATCH], labels[:BATCH])
    return step, measure, time.perf_counter() - start


def _train_all(
    session: Any, step: Callable[..., Any], measure: Callable[..., Any], data: Data, options: Any, out: Any
) -> list[Outcome]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from graphc.cli.demo_model import EPOCHS

    epochs = options.epochs or EPOCHS
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"), TimeElapsedColumn())
    outcomes = []
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        task = progress.add_task("Training", total=options.seeds * epochs, state="")
        for seed in range(options.seeds):

            def show(loss: float, seed: int = seed) -> None:
                progress.update(task, advance=1, state=f"seed {seed}, loss {loss:.4f}")

            outcomes.append(_train(session, step, measure, data, seed, epochs, show))
    return outcomes


def _train(
    session: Any,
    step: Callable[..., Any],
    measure: Callable[..., Any],
    data: Data,
    seed: int,
    epochs: int,
    show: Callable[[float], None],
) -> Outcome:
    """Train from one seed to the end."""
    import numpy as np

    from graphc.cli import demo_model
    from graphc.data import batches

    random = np.random.default_rng(seed)
    demo_model.initialize(session, random)
    images, labels = data.train
    times: list[float] = []
    for _ in range(epochs):
        seen = demo_model.augmented(images, random)
        loss = 0.0
        for batch in batches(seen, labels, size=demo_model.BATCH, random=random, drop_remainder=True):
            start = time.perf_counter()
            loss, _ = step(*batch)
            times.append(time.perf_counter() - start)
        show(float(loss))
    train, validation, test = (float(measure(*part)) for part in (data.train, data.validation, data.test))
    return Outcome(seed, train, validation, test, times)


def _print_outcomes(out: Any, outcomes: list[Outcome]) -> None:
    from rich.table import Table

    table = Table(title="Accuracy", title_justify="left", title_style="bold")
    for heading in ("seed", "train", "validation", "test"):
        table.add_column(heading, justify="right")
    for outcome in outcomes:
        table.add_row(str(outcome.seed), *(f"{v:.4f}" for v in (outcome.train, outcome.validation, outcome.test)))
    medians = [
        statistics.median(values) for values in zip(*((o.train, o.validation, o.test) for o in outcomes), strict=True)
    ]
    table.add_section()
    table.add_row("median", *(f"{value:.4f}" for value in medians), style="bold")
    out.print(table)


def _interpreted(model: Model, data: Data) -> float:
    """Median seconds of the same step in the NumPy interpreter."""
    import graphc as gc
    from graphc.cli.demo_model import BATCH

    images, labels = data.train
    with gc.Session(graph=model.graph, mode="interpret") as session:
        step = session.make_callable([model.loss, model.train], [model.images, model.labels])
        step(images[:BATCH], labels[:BATCH])
        return statistics.median(_timed(step, images[:BATCH], labels[:BATCH]) for _ in range(INTERPRETED_STEPS))


def _timed(step: Callable[..., Any], images: np.ndarray, labels: np.ndarray) -> float:
    start = time.perf_counter()
    step(images, labels)
    return time.perf_counter() - start
