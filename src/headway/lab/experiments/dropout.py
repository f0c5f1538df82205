"""Dropout keeps a network from learning wrong labels by heart."""

from typing import Any

import torch
from matplotlib.figure import Figure
from torch import nn

from headway.lab.bench import Bench
from headway.lab.experiment import (
    Arm,
    Arms,
    Experiment,
    Numbers,
    Requirement,
    Results,
)
from headway.lab.pictures import COLORS, label
from headway.lab.sets import digits_set
from headway.lab.settings import plain_recipe
from headway.nn import VanillaDropout, scale_outgoing_weights_

NOISE = {"noisy": 0.4, "clean": 0.0}
DROPS = {"without": 0.0, "dropout": 0.5}


def _arm(labels: str, kind: str) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        source = digits_set(
            bench.folder, seed=seed, train=600, val=597, noise=NOISE[labels]
        )
        recipe = plain_recipe(
            source,
            "mlp",
            steps=600,
            batch_size=60,
            lr=0.03,
            options={"hidden": [256, 256], "drop_prob": DROPS[kind]},
            settings={"optimizer.momentum": 0.9, "training.evaluate_every": 2},
        )
        curve = bench.train(recipe, seed=seed).curve
        return {
            "steps": curve.eval_steps,
            "train_accuracy": curve.train["accuracy"],
            "val_accuracy": curve.val["accuracy"],
        }

    return arm


@torch.no_grad()
def _exact(bench: Bench, seed: int) -> Numbers:
    """Compare the mean over all masks with evaluation, for both forms, in float64.

    What is kept comes with probability 1 - p and the rest is zero, so that the mean is 1 - p
    times the value that is kept.
    """
    x = torch.ones(64, dtype=torch.float64)
    errors: list[float] = []
    for p in (0.2, 0.5, 0.8):
        for layer in (nn.Dropout(p), VanillaDropout(p)):
            kept = layer.train()(x).max()
            errors.append(float(((1 - p) * kept - layer.eval()(x)).abs().max()))
    return {"mean_error": max(errors), "scaling_error": _scaling_error(seed)}


def _scaling_error(seed: int) -> float:
    """Compare activations times 1 - p with outgoing weights times 1 - p."""
    random: Any = torch.Generator().manual_seed(seed)
    x = torch.randn(100, 50, generator=random, dtype=torch.float64)
    layer = nn.Linear(50, 20, dtype=torch.float64)
    of_activations = layer(VanillaDropout(0.2).eval()(x))
    of_weights = scale_outgoing_weights_(layer, drop_prob=0.2)(x)
    return float((of_activations - of_weights).abs().max())


def _gain(labels: str) -> Any:
    def gain(arms: Arms) -> float:
        with_it, without = arms[f"{labels}-dropout"], arms[f"{labels}-without"]
        return 100 * (with_it["val_accuracy"][-1] - without["val_accuracy"][-1])

    return gain


def _plot(figure: Figure, results: Results) -> None:
    plots = figure.subplots(1, 2, sharey=True)
    for axes, (labels, noise) in zip(plots, NOISE.items(), strict=True):
        for kind, color in zip(DROPS, (COLORS[1], COLORS[0]), strict=True):
            arm = f"{labels}-{kind}"
            for part, style in (("train", "--"), ("val", "-")):
                runs = torch.tensor(results.values(arm, f"{part}_accuracy"))
                steps = results.first(arm)["steps"]
                shown = "without" if kind == "without" else "dropout 1/2"
                name = f"{shown}, {'training' if part == 'train' else 'validation'}"
                axes.plot(steps, 100 * runs.mean(0), style, color=color, label=name)
                low, high = 100 * runs.amin(0), 100 * runs.amax(0)
                axes.fill_between(steps, low, high, color=color, alpha=0.15, lw=0)
        wrong = (
            f"{100 * noise:g} % of the training labels wrong"
            if noise
            else "all labels right"
        )
        label(axes, "step", "", wrong)
    plots[0].set_ylim(40, 101)
    plots[0].set_ylabel("accuracy (%)")
    plots[1].legend(loc="lower right", title="mean and range of the seeds")


EXPERIMENT = Experiment(
    name="dropout",
    claim=(
        "Dropout keeps a network from overfitting, and at test time the mean network is "
        "there for the price of one scaling."
    ),
    source='Srivastava et al., "Dropout", 2014, figures 2 and 4',
    arms={
        **{f"{labels}-{kind}": _arm(labels, kind) for labels in NOISE for kind in DROPS},
        "exact": _exact,
    },
    requirements=(
        Requirement(
            text="with 40 % wrong labels dropout gains over 4 points of validation accuracy",
            value=_gain("noisy"),
            above=4.0,
            where="mean",
        ),
        Requirement(text="and it gains in every seed", value=_gain("noisy"), above=0.0),
        Requirement(
            text="with right labels, which leave little to overfit, it gains under 2 points",
            value=_gain("clean"),
            below=2.0,
            is_control=True,
        ),
        Requirement(
            text="without it, over 98 % of the training labels are learned, wrong ones too",
            value=lambda arms: 100 * arms["noisy-without"]["train_accuracy"][-1],
            above=98.0,
            is_control=True,
        ),
        Requirement(
            text="the mean over all masks is the evaluation, within 1e-12, in both forms",
            value=lambda arms: arms["exact"]["mean_error"],
            below=1e-12,
        ),
        Requirement(
            text="scaling the outgoing weights is scaling the activations, within 1e-12",
            value=lambda arms: arms["exact"]["scaling_error"],
            below=1e-12,
        ),
    ),
    plot=_plot,
    note="On the clean digits there is no gain here, as little is overfitted.",
)
