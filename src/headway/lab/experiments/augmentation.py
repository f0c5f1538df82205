"""Training on shifted images makes a network stand shifts; averaging over views adds to it."""

import torch
from matplotlib.figure import Figure

from headway.data import build_views
from headway.jobs import evaluate
from headway.lab.bench import Bench
from headway.lab.experiment import (
    Arm,
    Experiment,
    Numbers,
    Requirement,
    Results,
)
from headway.lab.pictures import COLORS, label
from headway.lab.sets import digits_set, shifted_digits
from headway.lab.settings import plain_recipe

TRAIN, TEST = 300, 1200
PADDING = {"without": 0, "augmented": 1}
BARS = {
    "plain": "test images",
    "views": "test images, mean of 9 shifted views",
    "shifted": "test images shifted by 1 pixel",
}


def _arm(kind: str) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        recipe = plain_recipe(
            digits_set(bench.folder, seed=seed, train=TRAIN, test=TEST),
            "mlp",
            steps=600,
            batch_size=60,
            lr=0.1,
            options={"hidden": [256, 256]},
            settings={
                "augmentation.crop_padding": PADDING[kind],
                "data.val_fraction": 0.0,
                "training.evaluate_every": 60,
            },
        )
        run = bench.train(recipe, seed=seed).run.folder
        shifted = str(shifted_digits(bench.folder, seed=seed, train=TRAIN, test=TEST))
        found = {
            "plain": evaluate(run, weights="last"),
            "views": evaluate(run, weights="last", views="shifts"),
            "shifted": evaluate(run, shifted, weights="last"),
        }
        return {name: 100 * each.values["accuracy"] for name, each in found.items()}

    return arm


def _protocol(bench: Bench, seed: int) -> Numbers:
    """Count the views of the lecture's protocol for one image: 5 scales of 10 crops."""
    image = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(seed))
    views = list(build_views("multi-scale", (3, 224, 224))(image))
    return {
        "views": sum(round(50 * weight) for _, weight in views),
        "distinct": len(views),
        "rest": max(abs(50 * weight - round(50 * weight)) for _, weight in views),
        "sides": sorted({size for view, _ in views for size in view.shape[2:]}),
    }


def _plot(figure: Figure, results: Results) -> None:
    axes = figure.subplots()
    for place, (bar, name) in enumerate(BARS.items()):
        for group, arm in enumerate(PADDING):
            values = results.values(arm, bar)
            x = group + (place - 1) * 0.27
            mean = results.mean(arm, bar)
            shown = name if group == 0 else None
            axes.bar(x, mean, 0.25, color=COLORS[place], alpha=0.75, label=shown)
            axes.plot([x] * len(values), values, "o", color="black", ms=4)
            axes.annotate(f"{mean:.1f}", (x, max(values) + 1), ha="center", va="bottom")
    axes.set_xticks([0, 1], ["trained as they are", "trained with shifts by up to 1 pixel"])
    axes.set_ylim(0, 125)
    axes.set_yticks(range(0, 101, 20))
    axes.grid(visible=False, axis="x")
    axes.legend(loc="upper center", ncols=3, fontsize=8)
    label(axes, "", "test accuracy (%), dots: seeds", "300 training images of 8 x 8 pixels")


EXPERIMENT = Experiment(
    name="augmentation",
    claim=(
        "A network trained on shifted copies stands shifts, and gains once more where its "
        "answers for several views of a test image are averaged."
    ),
    source='Krizhevsky et al., "ImageNet Classification", 2012, section 4.1',
    arms={**{kind: _arm(kind) for kind in PADDING}, "protocol": _protocol},
    requirements=(
        Requirement(
            text="on shifted test images augmentation gains over 30 points",
            value=lambda arms: arms["augmented"]["shifted"] - arms["without"]["shifted"],
            above=30.0,
        ),
        Requirement(
            text="with it, the mean of 9 views gains over 1 point",
            value=lambda arms: arms["augmented"]["views"] - arms["augmented"]["plain"],
            above=1.0,
            where="mean",
        ),
        Requirement(
            text="and gains in every seed",
            value=lambda arms: arms["augmented"]["views"] - arms["augmented"]["plain"],
            above=0.0,
        ),
        Requirement(
            text="without it, the mean of 9 views loses over 10 points",
            value=lambda arms: arms["without"]["views"] - arms["without"]["plain"],
            below=-10.0,
            is_control=True,
        ),
        Requirement(
            text="5 scales of 10 crops are 50 views, counting those that coincide",
            value=lambda arms: (
                abs(arms["protocol"]["views"] - 50) + arms["protocol"]["rest"]
            ),
            below=1e-9,
        ),
    ),
    plot=_plot,
    note=(
        "Of the 50 views 42 differ: at the smallest scale all crops are the whole image. "
        "Views help only a network that has learned from such views."
    ),
)
