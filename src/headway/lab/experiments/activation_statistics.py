"""What five ways to start six wide layers make of the activations."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.nn import Scheme, initialize_, variance_scaling_
from headway.nn.gains import gaussian_mean

WIDTH, NUM_LAYERS, NUM_SAMPLES, NUM_BINS = 4096, 6, 16, 60


@dataclass(frozen=True, kw_only=True)
class Start:
    """A way to start: a scheme, or a standard deviation of its own, and what follows.

    Attributes:
        function: The activation.
        std: Standard deviation that the weights have.
        scheme: Scheme that gives them that; None draws from a normal distribution.
        edges: Smallest and largest activation that is drawn.
    """

    function: Callable[[Tensor], Tensor]
    std: float
    scheme: Scheme | None = None
    edges: tuple[float, float] = (-1.0, 1.0)

    def fill_(self, layer: nn.Linear) -> None:
        """Draw the weights of a layer."""
        if self.scheme is None:
            variance_scaling_(layer.weight, 1.0, gain=self.std)
        else:
            gain = math.sqrt(2.0) if self.scheme == "he" else 1.0
            initialize_(layer, self.scheme, gain=gain)

    def predicted(self) -> list[float]:
        """Return the standard deviation in each layer of an infinitely wide network."""
        stds, second_moment = [], 1.0
        for _ in range(NUM_LAYERS):
            scale = self.std * math.sqrt(WIDTH * second_moment)
            mean = gaussian_mean(lambda z, scale=scale: self.function(scale * z))
            second_moment = gaussian_mean(
                lambda z, scale=scale: self.function(scale * z).square()
            )
            stds.append(math.sqrt(second_moment - mean**2))
        return stds


_OF_RELU: Any = {"function": torch.relu, "edges": (0.0, 3.0)}
STARTS = {
    "0.01, tanh": Start(function=torch.tanh, std=0.01),
    "0.05, tanh": Start(function=torch.tanh, std=0.05),
    "Xavier, tanh": Start(function=torch.tanh, std=WIDTH**-0.5, scheme="xavier-fan-in"),
    "Xavier, ReLU": Start(std=WIDTH**-0.5, scheme="xavier-fan-in", **_OF_RELU),
    "He, ReLU": Start(std=(2 / WIDTH) ** 0.5, scheme="he", **_OF_RELU),
}


def _arm(start: Start) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        torch.manual_seed(seed)
        layer = nn.Linear(WIDTH, WIDTH, bias=False)
        x, stds, saturated, bins = torch.randn(NUM_SAMPLES, WIDTH), [], [], []
        for _ in range(NUM_LAYERS):
            start.fill_(layer)
            with torch.no_grad():
                x = start.function(layer(x))
            stds.append(float(x.std()))
            saturated.append(float((x.abs() > 0.95).float().mean()))
            counts = torch.histc(x[x != 0], NUM_BINS, *start.edges)
            bins.append([int(count) for count in counts])
        return {"std": stds, "saturated": saturated, "bins": bins}

    return arm


def _largest_error(function: str, arms: Arms) -> float:
    """Return how far the standard deviations are from the predicted, as a part of them."""
    return max(
        abs(found / predicted - 1)
        for name, start in STARTS.items()
        if name.endswith(function)
        for found, predicted in zip(arms[name]["std"], start.predicted(), strict=True)
    )


def _kept(name: str, arms: Arms) -> float:
    """Return the standard deviation in the last layer over that in the first."""
    return arms[name]["std"][-1] / arms[name]["std"][0]


def _spread(name: str, arms: Arms) -> float:
    """Return how far the layers' standard deviations are apart, as a part of the first."""
    stds = arms[name]["std"]
    return (max(stds) - min(stds)) / stds[0]


def _factor(name: str, arms: Arms) -> float:
    """Return the factor by which a layer changes the standard deviation, in the mean."""
    ratios = [after / before for before, after in pairwise(arms[name]["std"])]
    return math.prod(ratios) ** (1 / len(ratios))


def _plot(figure: Figure, results: Results) -> None:
    plots = figure.subplots(1, len(STARTS), sharey=True)
    for axes, (name, start), color in zip(plots, STARTS.items(), COLORS, strict=False):
        least, most = start.edges
        width = (most - least) / NUM_BINS
        middles = [least + (i + 0.5) * width for i in range(NUM_BINS)]
        first = results.first(name)
        for depth, (counts, std) in enumerate(
            zip(first["bins"], first["std"], strict=True)
        ):
            foot = NUM_LAYERS - depth
            heights = [foot + 0.64 * count / max(counts) for count in counts]
            axes.fill_between(middles, foot, heights, step="mid", color=color)
            axes.text(
                most, foot + 0.82, f"std {std:.3f}", fontsize=7, ha="right", va="center"
            )
        axes.set_xlim(least, most)
        label(axes, "activation", "", name)
    plots[0].set_yticks(range(NUM_LAYERS, 0, -1), range(1, NUM_LAYERS + 1))
    plots[0].set_ylabel("layer")
    figure.suptitle("Histograms of the activations, zeros of ReLU left out", fontsize=10)


EXPERIMENT = Experiment(
    name="activation-statistics",
    claim="Small weights let the activations of tanh vanish and large ones saturate it; "
    "Xavier's keep them, but not those of ReLU, which need He's.",
    source='Li, Adeli and Durante, CS231n, 2024, lecture 6, "Weight Initialization"',
    arms={name: _arm(start) for name, start in STARTS.items()},
    requirements=(
        Requirement(
            text="tanh: every standard deviation is within 3 % of that of infinite width",
            value=lambda arms: _largest_error("tanh", arms),
            below=0.03,
        ),
        Requirement(
            text="ReLU: every standard deviation is within 10 % of that of infinite width",
            value=lambda arms: _largest_error("ReLU", arms),
            below=0.10,
        ),
        Requirement(
            text="0.01, tanh: layer 6 has under 12 % of the standard deviation of layer 1",
            value=lambda arms: _kept("0.01, tanh", arms),
            below=0.12,
        ),
        Requirement(
            text="0.05, tanh: in every layer over 45 % of the activations are beyond 0.95",
            value=lambda arms: min(arms["0.05, tanh"]["saturated"]),
            above=0.45,
        ),
        Requirement(
            text="Xavier, tanh: layer 6 has over 40 % of the standard deviation of layer 1",
            value=lambda arms: _kept("Xavier, tanh", arms),
            above=0.40,
        ),
        Requirement(
            text="Xavier, ReLU: each layer multiplies it by 0.707 within 0.01",
            value=lambda arms: _factor("Xavier, ReLU", arms),
            above=0.697,
            below=0.717,
            is_control=True,
        ),
        Requirement(
            text="He, ReLU: the standard deviation differs by under 10 % between layers",
            value=lambda arms: _spread("He, ReLU", arms),
            below=0.10,
        ),
    ),
    plot=_plot,
    note="With ReLU the standard deviation is a random walk over the layers, of about 2 % a "
    "layer at this width; hence the wider tolerance. For tanh it is drawn back.",
)
