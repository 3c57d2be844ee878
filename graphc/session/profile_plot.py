"""Pictures of profiles, by matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphc.graph.errors import GraphError
from graphc.graph.origin import user_origin

if TYPE_CHECKING:
    from graphc.session.profile import Profile

MOST_BARS = 20
COLOURS = {"memory": "tab:blue", "arithmetic": "tab:green", "overhead": "tab:orange", "unknown": "tab:gray"}


def matplotlib_figure(**options: Any) -> Any:
    """A figure that needs no display.

    Raises
    ------
    GraphError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise GraphError(
            f"plots are drawn by matplotlib, which cannot be imported ({error}): pip install 'graphc[plot]'",
            user_origin(),
        ) from None
    figure = Figure(**options)
    FigureCanvasAgg(figure)
    return figure


def plot_profile(profile: Profile, path: Path) -> Path:
    """Draw the roofline and the bars side by side; the ending of the path says which format."""
    bars = profile.timed[:MOST_BARS]
    figure = matplotlib_figure(figsize=(14, max(5.0, 1.5 + 0.3 * len(bars))), layout="constrained")
    roofline, times = figure.subplots(1, 2)
    _roofline(roofline, profile)
    _bars(times, profile)
    figure.savefig(path)
    return path


def _roofline(axes: Any, profile: Profile) -> None:
    """Operations per second over operations per byte, on logarithmic axes."""
    shown = [k for k in profile.timed if k.flops and k.bytes and k.seconds[1]]
    intensities = [k.flops / k.bytes for k in shown] or [1.0]
    span = [min(intensities) / 4, max([*intensities, 64.0]) * 4]
    peak = max(profile.machine.flops.values()) * 1e-9
    rates = profile.machine.bandwidth
    fastest = max(rates, key=lambda pair: pair[1])
    for (size, rate), style in ((fastest, "--"), (rates[-1], "-")):
        knee = peak / (rate * 1e-9)
        xs = [span[0], min(max(knee, span[0]), span[1]), span[1]]
        label = f"copy of {size / 2**20:g} MiB: {rate * 1e-9:.0f} GB/s"
        axes.plot(xs, [min(peak, x * rate * 1e-9) for x in xs], style, color="black", linewidth=1, label=label)
    for name, rate in profile.machine.flops.items():
        axes.axhline(rate * 1e-9, color="gray", linewidth=0.8, linestyle=":")
        axes.annotate(f"{name} products", (span[0], rate * 1e-9), fontsize=8, va="bottom")
    total = profile.kernel_seconds or 1.0
    for k in shown:
        place = (k.flops / k.bytes, k.gflops_per_second)
        axes.scatter(*place, s=30 + 400 * k.seconds[1] / total, color=COLOURS[k.limit], alpha=0.6)
        axes.annotate(str(k.number), place, fontsize=8, ha="center", va="center")
    axes.set(xscale="log", yscale="log", xlabel="operations per byte", ylabel="GFLOP/s", xlim=span, title="Roofline")
    axes.legend(fontsize=8, loc="lower right")


def _bars(axes: Any, profile: Profile) -> None:
    """Times of the longest kernels, with the bound as a mark."""
    shown = profile.timed[:MOST_BARS][::-1]
    places = range(len(shown))
    axes.barh(places, [k.seconds[1] * 1e6 for k in shown], color=[COLOURS[k.limit] for k in shown])
    axes.plot([k.bound_seconds * 1e6 for k in shown], list(places), "k|", markersize=10, label="bound")
    axes.set_yticks(list(places), [f"{k.number} {k.label[:40]}" for k in shown], fontsize=8)
    for limit in dict.fromkeys(k.limit for k in shown):
        axes.barh(0, 0, color=COLOURS[limit], label=limit)
    axes.set(xlabel="microseconds", title=f"{profile.step_seconds[1] * 1e6:,.1f} us a step")
    axes.legend(fontsize=8, loc="lower right")
