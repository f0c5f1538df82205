"""Mixup keeps wrong labels from being learned; stochastic depth saves time."""

import time
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.lab.sets import digits_set
from headway.lab.settings import plain_recipe
from headway.recipe import Recipe

AUGMENTATIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "mixup alpha 1": {"augmentation.mixup": 1.0},
    "mixup alpha 8": {"augmentation.mixup": 8.0},
    "cutout": {"augmentation.cutout": 3},
}
SURVIVAL = {"all blocks": 1.0, "stochastic depth": 0.5}


def _on_noise(kind: str) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        recipe = plain_recipe(
            digits_set(bench.folder, seed=seed, train=600, val=597, noise=0.4),
            "mlp",
            steps=600,
            batch_size=60,
            lr=0.03,
            options={"hidden": [256, 256]},
            settings={
                "optimizer.momentum": 0.9,
                "training.evaluate_every": 10,
                **AUGMENTATIONS[kind],
            },
        )
        curve = bench.train(recipe, seed=seed).curve
        return {"accuracy": 100 * curve.val["accuracy"][-1]}

    return arm


def _of_depth(survival: float) -> Arm:
    recipe: Recipe = plain_recipe(
        "digits",
        "resnet-32",
        steps=300,
        batch_size=60,
        lr=0.05,
        options={"width": 8, "final_survival": survival},
        settings={"optimizer.momentum": 0.9, "training.evaluate_every": 15},
    )

    def arm(bench: Bench, seed: int) -> Numbers:
        begun = time.process_time()
        # A run with followers is never read from before, which would take no time.
        trial = bench.train(recipe, seed=seed, follow=lambda setup: [])
        seconds = time.process_time() - begun
        return {"accuracy": 100 * trial.curve.val["accuracy"][-1], "seconds": seconds}

    return arm


def _gain(arms: Arms) -> float:
    return arms["mixup alpha 8"]["accuracy"] - arms["none"]["accuracy"]


def _draw(axes: Axes, results: Results, arms: dict[str, Any], key: str) -> None:
    for place, (arm, color) in enumerate(zip(arms, COLORS, strict=False)):
        values, mean = results.values(arm, key), results.mean(arm, key)
        axes.plot(place, mean, "_", color=color, ms=36, mew=4)
        axes.plot([place] * len(values), values, "o", color="black", ms=4)
        text = f"{mean:.1f}"
        axes.annotate(text, (place, 0.03), xycoords=("data", "axes fraction"), ha="center")
    axes.set_xticks(range(len(arms)), [arm.replace(" ", "\n", 1) for arm in arms])
    axes.set_xlim(-0.6, len(arms) - 0.4)
    axes.grid(visible=False, axis="x")


def _plot(figure: Figure, results: Results) -> None:
    left, middle, right = figure.subplots(1, 3, width_ratios=(2, 1, 1))
    _draw(left, results, AUGMENTATIONS, "accuracy")
    left.set_ylim(50, 100)
    label(
        left,
        "",
        "validation accuracy (%)",
        "40 % of the training labels wrong: mean and seeds",
    )
    _draw(middle, results, SURVIVAL, "accuracy")
    middle.set_ylim(90, 100)
    label(middle, "", "validation accuracy (%)", "resnet-32, right labels")
    _draw(right, results, SURVIVAL, "seconds")
    right.set_ylim(bottom=0)
    label(right, "", "CPU time of training (s)", "resnet-32, right labels")


EXPERIMENT = Experiment(
    name="regularizers",
    claim=(
        "Mixup makes wrong labels harder to learn by heart, and stochastic depth trains in "
        "less time to the same accuracy."
    ),
    source='Zhang et al., "mixup", 2017, table 2, and Huang et al., "Stochastic Depth", 2016',
    arms={
        **{kind: _on_noise(kind) for kind in AUGMENTATIONS},
        **{kind: _of_depth(survival) for kind, survival in SURVIVAL.items()},
    },
    requirements=(
        Requirement(
            text="with 40 % wrong labels mixup with alpha 8 gains over 2 points",
            value=_gain,
            above=2.0,
            where="mean",
        ),
        Requirement(text="and it gains in every seed", value=_gain, above=0.0),
        Requirement(
            text="without it, wrong labels cost over 15 points: accuracy is below 80 %",
            value=lambda arms: arms["none"]["accuracy"],
            below=80.0,
            is_control=True,
        ),
        Requirement(
            text="stochastic depth is within 1 point of training all blocks",
            value=lambda arms: (
                arms["all blocks"]["accuracy"] - arms["stochastic depth"]["accuracy"]
            ),
            below=1.0,
            where="mean",
        ),
        Requirement(
            text="in under 95 % of the CPU time",
            value=lambda arms: (
                arms["stochastic depth"]["seconds"] / arms["all blocks"]["seconds"]
            ),
            below=0.95,
            where="mean",
        ),
    ),
    plot=_plot,
    size=(9.0, 4.5),
    note=(
        "Mixup with the alpha of 1 that is usual for clean images, and cutout, are shown and "
        "not judged: cutout is made for larger images than 8 x 8."
    ),
)
