"""Fractional max pooling shrinks images gently, and averages over its random regions."""

import math
from collections.abc import Callable
from typing import cast

import torch
from matplotlib.figure import Figure
from torch import Tensor

from headway.data import ArraySplit
from headway.jobs.network import load_network
from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.lab.settings import plain_recipe
from headway.nn import FractionalMaxPool
from headway.recipe import read_data

LOOKS, SIDES = 24, tuple(range(8, 65))


def _sizes(pool: Callable[[Tensor], Tensor], side: int) -> list[int]:
    """Return the sides of an image that is pooled as often as it can be."""
    found = [side]
    while found[-1] > 3:
        x = torch.zeros(1, 1, found[-1], found[-1])
        found.append(pool(x).shape[-1])
    return found


def _shrinking(bench: Bench, seed: int) -> Numbers:
    """Compare the sides with n / sqrt(2) rounded down, and count the poolings of 64 pixels."""
    pools = [FractionalMaxPool(), FractionalMaxPool(order="random", overlapping=False)]
    wrong = 0
    for pool in pools:
        for side in SIDES:
            x = torch.zeros(1, 1, side, side)
            wrong += pool(x).shape[-1] != int(side / math.sqrt(2))
    return {
        "wrong": wrong,
        "fractional": _sizes(pools[0], 64),
        "by two": _sizes(torch.nn.MaxPool2d(2), 64),
    }


def _trained(*, fractional: bool) -> Arm:
    recipe = plain_recipe(
        "digits",
        "lab:pooled_convnet",
        steps=600,
        batch_size=60,
        lr=0.05,
        options={"fractional": fractional, "channels": 12},
        settings={"optimizer.momentum": 0.9, "model.initialization": "he"},
    )

    def arm(bench: Bench, seed: int) -> Numbers:
        trial = bench.train(recipe, seed=seed)
        network = load_network(trial.run, weights="last", device=bench.device)
        digits = cast(ArraySplit, read_data(recipe).val)
        torch.manual_seed(seed)
        looks = [network.outputs(digits.inputs).softmax(1).cpu() for _ in range(LOOKS)]
        means = torch.stack(looks).cumsum(dim=0)
        return {
            "single": sum(_error(look, digits.targets) for look in looks) / LOOKS,
            "averaged": [_error(mean, digits.targets) for mean in means],
        }

    return arm


def _error(scores: Tensor, targets: Tensor) -> float:
    return float((scores.argmax(dim=1) != targets).float().mean())


def _gain(arm: str, arms: Arms) -> float:
    """Return by how many points the error of one look is above that of all averaged."""
    return 100 * (arms[arm]["single"] - arms[arm]["averaged"][-1])


def _plot(figure: Figure, results: Results) -> None:
    left, right = figure.subplots(1, 2)
    for name, color in zip(("fractional", "by two"), COLORS, strict=False):
        sides = results.first("sizes")[name]
        left.plot(range(len(sides)), sides, "o-", color=color, label=_SAYS[name])
        for place, side in enumerate(sides):
            left.annotate(
                str(side), (place, side), (4, 3), textcoords="offset points", fontsize=8
            )
    left.set_yscale("log", base=2)
    left.legend()
    label(left, "poolings", "side of the image (pixels)", "64 pixels shrink")
    looks = range(1, 1 + LOOKS)
    for arm, color in zip(("fractional", "by two"), COLORS, strict=False):
        errors = [[100 * e for e in run] for run in results.values(arm, "averaged")]
        draw_seeds(right, looks, errors, color=color, name=_SAYS[arm])
    right.set_ylim(bottom=0)
    right.legend()
    label(
        right, "looks that are averaged", "validation error (%)", "Digits, after training"
    )


_SAYS = {"fractional": "fractional, by the root of 2", "by two": "max pooling by 2"}


EXPERIMENT = Experiment(
    name="fractional-pooling",
    claim="Fractional max pooling by the root of 2 allows twice the layers, and averaging "
    "over its random regions lowers the error.",
    source='Graham, "Fractional Max-Pooling", 2014, sections 2 and 4',
    arms={
        "sizes": _shrinking,
        "fractional": _trained(fractional=True),
        "by two": _trained(fractional=False),
    },
    requirements=(
        Requirement(
            text="no side from 8 to 64 pixels comes out other than n / sqrt(2), rounded down",
            value=lambda arms: arms["sizes"]["wrong"],
            below=0.5,
        ),
        Requirement(
            text="64 pixels can be pooled over 1.5 times as often as by 2 before 3 are left",
            value=lambda arms: (
                (len(arms["sizes"]["fractional"]) - 1) / (len(arms["sizes"]["by two"]) - 1)
            ),
            above=1.5,
        ),
        Requirement(
            text=f"averaging {LOOKS} looks lowers the error by over 0.3 points in the mean",
            value=lambda arms: _gain("fractional", arms),
            above=0.3,
            where="mean",
        ),
        Requirement(
            text="with max pooling all looks are the same and gain less than 0.01 points",
            value=lambda arms: abs(_gain("by two", arms)),
            below=0.01,
            is_control=True,
        ),
    ),
    plot=_plot,
    note=(
        "The claim is about sizes and averages. On digits of 8x8 pixels the network with "
        "fractional pooling is worse than that with max pooling; the paper's images have 36 "
        "pixels and more on a side."
    ),
)
