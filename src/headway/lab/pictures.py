"""The pictures of experiments: one style for all."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from headway.lab.experiment import Experiment, Results

PICTURE = "picture.png"
# Okabe and Ito's colors, which color-blind people tell apart.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "savefig.dpi": 120,
}


def draw(experiment: Experiment, results: Results, folder: Path) -> Path:
    """Draw an experiment and return where the picture lies."""
    with rc_context(_STYLE):
        figure = Figure(figsize=experiment.size, layout="constrained")
        experiment.plot(figure, results)
        figure.supxlabel(
            f"Claim of {experiment.source}", fontsize=7, color="0.4", x=0.99, ha="right"
        )
        path = folder / PICTURE
        folder.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    return path


def label(axes: Axes, x: str, y: str, title: str = "") -> None:
    """Name the axes, with units, and what is seen."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if title:
        axes.set_title(title, fontsize=10)


def draw_seeds(
    axes: Axes,
    x: Sequence[float],
    runs: Sequence[Sequence[float]],
    *,
    color: str,
    name: str,
    line: str = "-",
) -> None:
    """Draw a thin line for each seed and a thick one for their mean.

    Args:
        axes: Where to draw.
        x: Places of the values; those of a run that broke off are the first of them.
        runs: Values of each seed.
        color: Color of all lines.
        name: Name in the legend.
        line: Style of all lines.
    """
    for values in runs:
        axes.plot(x[: len(values)], values, line, color=color, alpha=0.35, linewidth=0.8)
    means = [fmean(column) for column in zip(*runs, strict=False)]
    axes.plot(x[: len(means)], means, line, color=color, linewidth=2, label=name)
