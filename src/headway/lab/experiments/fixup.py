"""Residual networks without normalization, started by Fixup or by He's rule."""

from statistics import fmean

from matplotlib.figure import Figure

from headway.lab.arms import trained
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.lab.settings import plain_recipe
from headway.tune import Trial

# Model and first weights by arm; 32 layers are 15 blocks.
ARMS = {
    "Fixup": ("fixup-resnet-32", "auto"),
    "batch norm": ("resnet-32", "auto"),
    "neither": ("fixup-resnet-32", "he"),
}


def _measure(trial: Trial) -> Numbers:
    """Return losses, and the accuracy over the last three evaluations; 0 if it diverged."""
    accuracy = trial.curve.val.get("accuracy", ())
    return {
        "steps": trial.curve.steps,
        "loss": trial.curve.losses,
        "has_diverged": trial.has_diverged,
        "accuracy": 0.0 if trial.has_diverged else fmean(accuracy[-3:]),
    }


def _arm(model: str, initialization: str) -> Arm:
    recipe = plain_recipe(
        "digits",
        model,
        steps=240,
        batch_size=60,
        lr=0.1,
        options={"width": 8},
        settings={
            "optimizer.momentum": 0.9,
            "model.initialization": initialization,
            "training.evaluate_every": 2,
            "training.report_every": 5,
        },
    )
    return trained(recipe, _measure)


def _accuracy(arm: str, arms: Arms) -> float:
    return arms[arm]["accuracy"]


def _plot(figure: Figure, results: Results) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    for row, (arm, color) in enumerate(zip(ARMS, COLORS, strict=False)):
        losses = results.values(arm, "loss")
        longest = max(results.values(arm, "steps"), key=len)
        if longest:
            draw_seeds(left, longest, losses, color=color, name=arm)
        accuracies = [100 * value for value in results.values(arm, "accuracy")]
        right.bar(row, fmean(accuracies), color=color, alpha=0.5)
        right.plot([row] * len(accuracies), accuracies, "o", color=color)
        if all(results.values(arm, "has_diverged")):
            right.text(row, 3, "diverged", ha="center", color=color)
            left.plot([], [], color=color, label=f"{arm}: diverged in the first steps")
    left.set_ylim(0, 2.6)
    left.legend()
    label(left, "step", "training loss (nats)", "Residual networks of 32 layers")
    right.set_xticks(range(len(ARMS)), list(ARMS))
    label(right, "", "accuracy on digits not seen (%)")


EXPERIMENT = Experiment(
    name="fixup",
    claim="Started by Fixup, deep residual networks train without normalization as well as "
    "with it.",
    source='Zhang et al., "Fixup Initialization", 2019, section 4',
    arms={arm: _arm(*choice) for arm, choice in ARMS.items()},
    requirements=(
        Requirement(
            text="without norm and Fixup the network diverges, or gets under 50 % right",
            value=lambda arms: _accuracy("neither", arms),
            below=0.5,
            is_control=True,
        ),
        Requirement(
            text="with Fixup it is at most 2 points less accurate than with batch norm",
            value=lambda arms: _accuracy("Fixup", arms) - _accuracy("batch norm", arms),
            above=-0.02,
            where="mean",
        ),
        Requirement(
            text="with batch norm it gets over 90 % right",
            value=lambda arms: _accuracy("batch norm", arms),
            above=0.9,
        ),
    ),
    plot=_plot,
)
