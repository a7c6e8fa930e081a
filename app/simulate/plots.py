"""Pictures of runs: hosts on over the day, and energy against service level. Needs matplotlib, an extra of the package.

The trap: matplotlib is slow to load and may be missing. It is imported when a picture is asked for, and not before.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from app.simulate.experiment import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("png", "svg")


def can_draw() -> bool:
    """Say whether matplotlib is there."""
    return find_spec("matplotlib") is not None


def draw(folder: Path, runs: Sequence[Run]) -> None:
    """Write the pictures into an existing folder, as PNG and as SVG."""
    for day in dict.fromkeys(run.day for run in runs):
        _save(folder / f"hosts-on-{day}", _hosts_on([run for run in runs if run.day == day]))
    _save(folder / "front", _front(runs))


def _hosts_on(runs: Sequence[Run]) -> "Figure":
    figure, axes = _page(f"{runs[0].day}, {runs[0].mode}", "hour of the day", "hosts on")
    for run in runs:
        axes.step(
            [sample.now_s / 3600 for sample in run.series],
            [sample.hosts_on for sample in run.series],
            where="post",
            label=run.policy,
        )
    axes.legend()
    return figure


def _front(runs: Sequence[Run]) -> "Figure":
    figure, axes = _page("each point is a day; the figure beside it, moves a machine", "energy, kWh", "SLATAH, %")
    for policy in dict.fromkeys(run.policy for run in runs):
        own = [run for run in runs if run.policy == policy]
        axes.plot([run.energy_kwh for run in own], [100 * run.slatah for run in own], "o", label=policy)
        for run in own:
            axes.annotate(f" {run.migrations / run.vms:.1f}", (run.energy_kwh, 100 * run.slatah), fontsize="small")
    axes.legend()
    return figure


def _page(title: str, across: str, up: str) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow, and an extra

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel=across, ylabel=up)
    axes.grid(alpha=0.3)
    return figure, axes


def _save(stem: Path, figure: "Figure") -> None:
    for kind in FORMATS:
        figure.savefig(f"{stem}.{kind}", dpi=120, metadata={"Date": None} if kind == "svg" else None)
