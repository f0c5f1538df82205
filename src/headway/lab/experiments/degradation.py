"""Deeper plain networks train worse; residual ones do not."""

from matplotlib.figure import Figure

from headway.lab.arms import trained
from headway.lab.experiment import Arm, Arms, Experiment, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.lab.settings import plain_recipe
from headway.tune import Trial

DEPTHS = (8, 20, 56)
KINDS = ("plain", "resnet")


def _errors(trial: Trial) -> dict[str, object]:
    curve = trial.curve
    return {
        "steps": curve.eval_steps,
        "train_error": [1 - value for value in curve.train["accuracy"]],
        "val_error": [1 - value for value in curve.val["accuracy"]],
    }


def _arm(kind: str, depth: int) -> Arm:
    recipe = plain_recipe(
        "digits",
        f"{kind}-{depth}",
        steps=300,
        batch_size=60,
        lr=0.05,
        options={"width": 8},
        settings={"optimizer.momentum": 0.9, "training.evaluate_every": 3},
    )
    return trained(recipe, _errors)


def _gap(kind: str) -> float:
    def gap(arms: Arms) -> float:
        deep, shallow = arms[f"{kind}-56"], arms[f"{kind}-20"]
        return deep["train_error"][-1] - shallow["train_error"][-1]

    return gap


def _plot(figure: Figure, results: Results) -> None:
    plots = figure.subplots(1, 2, sharey=True)
    for axes, kind in zip(plots, KINDS, strict=True):
        for depth, color in zip(DEPTHS, COLORS, strict=False):
            arm = f"{kind}-{depth}"
            for number, (steps, train, val) in enumerate(
                zip(
                    results.values(arm, "steps"),
                    results.values(arm, "train_error"),
                    results.values(arm, "val_error"),
                    strict=True,
                )
            ):
                name = f"{depth} layers" if number == 0 else None
                axes.plot(steps, [100 * e for e in train], "--", color=color, alpha=0.6)
                axes.plot(steps, [100 * e for e in val], color=color, label=name)
        label(axes, "step", "error (%)", f"{kind} (dashed: training)")
        axes.legend()
    plots[0].set_ylim(0, 100)


EXPERIMENT = Experiment(
    name="degradation",
    claim="Plain networks train worse the deeper they are, and shortcuts cure that.",
    source='He et al., "Deep Residual Learning", 2015, figures 1 and 6',
    arms={f"{kind}-{depth}": _arm(kind, depth) for kind in KINDS for depth in DEPTHS},
    requirements=(
        Requirement(
            text="the training error of plain-56 is over 10 points above that of plain-20",
            value=_gap("plain"),
            above=0.10,
            is_control=False,
        ),
        Requirement(
            text="that of resnet-56 is less than 2 points above that of resnet-20",
            value=_gap("resnet"),
            below=0.02,
        ),
    ),
    plot=_plot,
)
