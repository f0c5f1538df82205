"""How many weights looking at patches and sharing them saves, counted in real layers."""

import math
from itertools import pairwise

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import nn

from headway.lab.bench import Bench
from headway.lab.experiment import Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.measure import num_parameters
from headway.models import LeNet5
from headway.nn import LocallyConnected2d, convolution_matrix, output_size

# What the lecture and LeCun's paper print, or ask the reader to work out.
PUBLISHED = {
    "14x14, stride 2: windows on a side": 6,
    "14x14, stride 2: windows": 36,
    "14x14, stride 2: weights": 576,
    "14x14, stride 1: windows on a side": 11,
    "14x14, stride 1: windows": 121,
    "14x14, stride 1: weights": 1936,
    "512x512, stride 2: weights": 1_040_400,
    "512x512, stride 1: weights": 4_145_296,
    "shared weights": 16,
    "1000 inputs, two layers of 4096: weights": 20_873_216,
    "5x5, 2x2 windows: rows of the matrix": 16,
    "5x5, 2x2 windows: columns of the matrix": 25,
    "5x5, 2x2 windows, stride 2, padding 1: rows": 9,
    "LeNet-5 C1": 156,
    "LeNet-5 C3": 1516,
    "LeNet-5 C5": 48_120,
    "LeNet-5 F6": 10_164,
}
_KERNEL = 4


def _local(side: int, stride: int) -> int:
    """Count the weights of windows that each have their own."""
    with torch.device("meta"):
        layer = LocallyConnected2d(
            1, 1, _KERNEL, input_size=(side, side), stride=stride, bias=False
        )
    return num_parameters(layer)


def _windows(stride: int) -> dict[str, int]:
    side = output_size(14, _KERNEL, stride=stride)
    return {
        f"14x14, stride {stride}: windows on a side": side,
        f"14x14, stride {stride}: windows": side**2,
        f"14x14, stride {stride}: weights": _local(14, stride),
    }


def _linear(*widths: int) -> int:
    with torch.device("meta"):
        layers = [
            nn.Linear(before, after, bias=False) for before, after in pairwise(widths)
        ]
    return sum(num_parameters(layer) for layer in layers)


def _counted(bench: Bench, seed: int) -> Numbers:
    lenet = LeNet5(connections="partial")
    matrix = convolution_matrix(torch.ones(1, 1, 2, 2), (5, 5))
    padded = convolution_matrix(torch.ones(1, 1, 2, 2), (5, 5), stride=2, padding=1)
    return {
        **_windows(2),
        **_windows(1),
        "512x512, stride 2: weights": _local(512, 2),
        "512x512, stride 1: weights": _local(512, 1),
        "shared weights": num_parameters(nn.Conv2d(1, 1, _KERNEL, bias=False)),
        "1000 inputs, two layers of 4096: weights": _linear(1000, 4096, 4096),
        "5x5, 2x2 windows: rows of the matrix": matrix.shape[0],
        "5x5, 2x2 windows: columns of the matrix": matrix.shape[1],
        "5x5, 2x2 windows, stride 2, padding 1: rows": padded.shape[0],
        "LeNet-5 C1": num_parameters(lenet.c1),
        "LeNet-5 C3": num_parameters(lenet.c3),
        "LeNet-5 C5": num_parameters(lenet.c5),
        "LeNet-5 F6": num_parameters(lenet.f6),
    }


def _all_connected(bench: Bench, seed: int) -> Numbers:
    """Count as if every unit saw every pixel, and every map of C3 every map of S2."""
    lenet = LeNet5(connections="full")
    return {
        "14x14, stride 2: weights": _linear(14**2, 6**2),
        "14x14, stride 1: weights": _linear(14**2, 11**2),
        "512x512, stride 2: weights": _linear(512**2, 255**2),
        "512x512, stride 1: weights": _linear(512**2, 509**2),
        "LeNet-5 C3": num_parameters(lenet.c3),
    }


def _num_wrong(arm: str, arms: Arms) -> int:
    return sum(count != PUBLISHED[name] for name, count in arms[arm].items())


def _least_saving(arms: Arms) -> float:
    """Return how many times fewer weights patches have, where they save least."""
    full, local = arms["all connected"], arms["counted"]
    return min(count / local[name] for name, count in full.items() if "stride" in name)


def _bars(axes: Axes, counts: dict[str, list[int]], ticks: list[str]) -> None:
    for number, (name, values) in enumerate(counts.items()):
        for place, count in enumerate(values):
            x = place + 0.27 * (number - 1)
            named = name if place == 0 else None
            axes.bar(x, count, 0.25, color=COLORS[number], label=named)
            exact = f"{count:,}" if count < 1e6 else f"{count:.1e}"
            axes.text(x, 1.15 * count, exact, ha="center", fontsize=7)
    axes.set_yscale("log")
    axes.set_xticks(range(len(ticks)), ticks)


def _plot(figure: Figure, results: Results) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(1.6, 1))
    counted, full = results.first("counted"), results.first("all connected")
    rows = ["14x14, stride 2: weights", "512x512, stride 2: weights"]
    counts = {
        "every unit sees all pixels": [full[row] for row in rows],
        "every unit sees 4x4 pixels": [counted[row] for row in rows],
        "and all units share weights": [counted["shared weights"]] * len(rows),
    }
    _bars(left, counts, ["14x14 pixels", "512x512 pixels"])
    left.set_ylim(1, 10 ** (1.4 * math.log10(max(map(max, counts.values())))))
    left.legend(loc="upper left")
    label(left, "", "weights", "One layer with 4x4 windows at stride 2")
    layers = ["C1", "C3", "C5", "F6"]
    numbers = [counted[f"LeNet-5 {layer}"] for layer in layers]
    right.bar(layers, numbers, color=COLORS[0])
    for place, number in enumerate(numbers):
        right.text(place, 1.1 * number, f"{number:,}", ha="center", fontsize=8)
    right.set_yscale("log")
    label(right, "layer", "parameters", "LeNet-5")


EXPERIMENT = Experiment(
    name="lenet-and-fully-connected",
    claim="Looking at patches and sharing weights cuts millions of weights down to sixteen.",
    source="MIT 6.867, lecture 11, convolutional networks; LeCun et al., 1998, section II.B",
    arms={"counted": _counted, "all connected": _all_connected},
    requirements=(
        Requirement(
            text=f"none of the {len(PUBLISHED)} counts differs from the published or derived",
            value=lambda arms: _num_wrong("counted", arms),
            below=0.5,
        ),
        Requirement(
            text="with all connections every one of 5 counts differs",
            value=lambda arms: _num_wrong("all connected", arms),
            above=4.5,
            is_control=True,
        ),
        Requirement(
            text="patches alone save at least a factor of 12",
            value=_least_saving,
            above=12.0,
        ),
    ),
    plot=_plot,
    is_exact=True,
)
