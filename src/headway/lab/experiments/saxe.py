"""Singular values of deep linear networks that start orthogonal or Gaussian."""

import torch
from matplotlib.figure import Figure
from torch import nn

from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.nn import Scheme, initialize_

WIDTH, DEPTHS = 100, (1, 2, 5, 10, 20, 50, 100)
STARTS: dict[str, Scheme] = {"orthogonal": "orthogonal", "Gaussian": "lecun"}
# Ranks of the singular values that are drawn, the largest first.
RANKS = {"largest": 0, "median": WIDTH // 2, "smallest": WIDTH - 1}


def _arm(scheme: Scheme) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        torch.manual_seed(seed)
        layers = [nn.Linear(WIDTH, WIDTH, bias=False).double() for _ in range(max(DEPTHS))]
        network = nn.Sequential(*layers)
        initialize_(network, scheme, gain=1.0)
        values: dict[str, list[float]] = {}
        for depth in DEPTHS:
            # A row of the identity gives a row of the transposed product.
            with torch.no_grad():
                product = network[:depth](torch.eye(WIDTH, dtype=torch.float64))
            values[str(depth)] = torch.linalg.svdvals(product).tolist()
        return {"singular_values": values}

    return arm


def _values(start: str, depth: int, arms: Arms) -> list[float]:
    return arms[start]["singular_values"][str(depth)]


def _plot(figure: Figure, results: Results) -> None:
    left, right = figure.subplots(1, 2, sharey=True)
    by_start = {start: results.values(start, "singular_values") for start in STARTS}
    for start, color in zip(STARTS, COLORS, strict=False):
        for rank, line in zip(RANKS.values(), ("-", "--", ":"), strict=True):
            runs = [[run[str(d)][rank] for d in DEPTHS] for run in by_start[start]]
            draw_seeds(left, DEPTHS, runs, color=color, name="", line=line)
        runs = [run["20"] for run in by_start[start]]
        draw_seeds(right, range(1, WIDTH + 1), runs, color=color, name=start)
    for rank, line in zip(RANKS, ("-", "--", ":"), strict=True):
        left.plot([], [], line, color="0.3", label=rank)
    for axes in (left, right):
        axes.set_yscale("log")
        axes.legend(loc="lower left")
    left.set_xscale("log")
    left.set_ylim(1e-15, 1e2)  # what is below is rounding
    label(left, "layers", "singular value of the product", "Over the depth")
    label(right, "number of the singular value", "", "All, with 20 layers")


EXPERIMENT = Experiment(
    name="saxe",
    claim="A product of orthogonal layers keeps all singular values at 1 at any depth; one of "
    "Gaussian layers of the same scale does not.",
    source='Saxe et al., "Exact solutions ... deep linear neural networks", 2013',
    arms={start: _arm(scheme) for start, scheme in STARTS.items()},
    requirements=(
        Requirement(
            text="orthogonal, 100 layers: all singular values are 1 within 1e-9",
            value=lambda arms: max(abs(v - 1) for v in _values("orthogonal", 100, arms)),
            below=1e-9,
        ),
        Requirement(
            text="Gaussian, 20 layers: the largest is over 1",
            value=lambda arms: _values("Gaussian", 20, arms)[0],
            above=1.0,
            is_control=True,
        ),
        Requirement(
            text="Gaussian, 20 layers: the median is below 0.01",
            value=lambda arms: _values("Gaussian", 20, arms)[RANKS["median"]],
            below=0.01,
            is_control=True,
        ),
    ),
    plot=_plot,
)
