"""What a shortcut does where the shape changes matters little; that it is there matters."""

from typing import Any

import torch
from matplotlib.figure import Figure

from headway.lab.arms import trained
from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.lab.settings import plain_recipe
from headway.models import build_model
from headway.nn import ShortcutA
from headway.tune import Trial

OPTIONS = ("A", "B", "C")
NAMES = {
    "plain": "no shortcut",
    "A": "A: zeros for new channels",
    "B": "B: projection where the shape changes",
    "C": "C: projection everywhere",
}
# Millions of parameters of ResNet-34 with 1,000 classes.
MILLIONS = {"A": 21.62, "B": 21.80, "C": 22.72}


def _errors(trial: Trial) -> Numbers:
    curve = trial.curve
    return {
        "steps": curve.eval_steps,
        "train_error": [100 - 100 * value for value in curve.train["accuracy"]],
        "val_error": [100 - 100 * value for value in curve.val["accuracy"]],
    }


def _arm(option: str) -> Arm:
    options: dict[str, Any] = {"width": 8}
    if option != "plain":
        options["shortcut"] = option
    recipe = plain_recipe(
        "digits",
        "plain-32" if option == "plain" else "resnet-32",
        steps=120,
        batch_size=60,
        lr=0.05,
        options=options,
        settings={"optimizer.momentum": 0.9, "training.evaluate_every": 1},
    )
    return trained(recipe, _errors)


def _counts(bench: Bench, seed: int) -> Numbers:
    """Count parameters without making them."""
    with torch.device("meta"):
        networks = {
            option: build_model(
                "imagenet-resnet-34",
                input_shape=(3, 224, 224),
                num_outputs=1000,
                options={"shortcut": option},
            )
            for option in OPTIONS
        }
    return {
        option: sum(parameter.numel() for parameter in network.parameters()) / 1e6
        for option, network in networks.items()
    }


def _formula(bench: Bench, seed: int) -> Numbers:
    """Compare option A with its formula, pixel by pixel, on images with odd sides."""
    x = torch.randn(2, 3, 7, 9, generator=torch.Generator().manual_seed(seed))
    y = ShortcutA(3, 5, stride=2)(x)
    expected = torch.zeros(2, 5, 4, 5)
    for row in range(4):
        for column in range(5):
            expected[:, :3, row, column] = x[:, :, 2 * row, 2 * column]
    if y.shape != expected.shape:
        return {"error": float("inf")}
    return {"error": float((y - expected).abs().max())}


def _gap_to_plain(arms: Arms) -> float:
    worst = max(arms[option]["train_error"][-1] for option in OPTIONS)
    return arms["plain"]["train_error"][-1] - worst


def _cost_of_a(arms: Arms) -> float:
    best = min(arms[option]["val_error"][-1] for option in OPTIONS)
    return arms["A"]["val_error"][-1] - best


def _wrong_count(arms: Arms) -> float:
    return max(abs(arms["counts"][option] - MILLIONS[option]) for option in OPTIONS)


def _plot(figure: Figure, results: Results) -> None:
    plots = figure.subplots(1, 2, sharey=True)
    for axes, part in zip(plots, ("train", "val"), strict=True):
        for option, color in zip(NAMES, COLORS, strict=False):
            errors = results.values(option, f"{part}_error")
            steps = results.first(option)["steps"]
            draw_seeds(axes, steps, errors, color=color, name=NAMES[option])
        label(axes, "step", "", {"train": "training", "val": "validation"}[part])
    plots[0].set_ylim(0, 100)
    plots[0].set_ylabel("error (%)")
    plots[1].legend(fontsize=8)


EXPERIMENT = Experiment(
    name="shortcuts",
    claim=(
        "All three kinds of shortcut train far better than none, and the one without "
        "parameters is enough: projections are not essential."
    ),
    source='He et al., "Deep Residual Learning", 2015, table 3 and section 4.1',
    arms={**{name: _arm(name) for name in NAMES}, "counts": _counts, "formula": _formula},
    requirements=(
        Requirement(
            text="the worst of the three has a training error over 10 points below none",
            value=_gap_to_plain,
            above=10.0,
        ),
        Requirement(
            text="option A, without parameters, is within 3 points of the best (validation)",
            value=_cost_of_a,
            below=3.0,
        ),
        Requirement(
            text="without a shortcut the training error stays above 15 %",
            value=lambda arms: arms["plain"]["train_error"][-1],
            above=15.0,
            is_control=True,
        ),
        Requirement(
            text="ResNet-34 has 21.62, 21.80 and 22.72 million parameters with A, B and C",
            value=_wrong_count,
            below=0.01,
        ),
        Requirement(
            text="option A is the strided pixels and zeros, exactly",
            value=lambda arms: arms["formula"]["error"],
            below=1e-12,
        ),
    ),
    plot=_plot,
    note=(
        "On ImageNet B is slightly better than A and C than B (25.03, 24.52 and 24.19 % top-1 "
        "error). Here, after few steps, A and B are alike and C, whose blocks have no "
        "identity, lags behind; He et al., 2016, table 1, find the same in 110 layers."
    ),
)
