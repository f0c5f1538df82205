"""Deeper plain networks train worse; residual ones do not."""

from matplotlib.figure import Figure

from headway.lab.arms import errors, trained
from headway.lab.experiment import Arm, Arms, Experiment, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.lab.settings import plain_recipe

DEPTHS = (8, 20, 56)
KINDS = {"plain": "Plain networks", "resnet": "Residual networks"}
STEPS = 240


def _arm(kind: str, depth: int) -> Arm:
    recipe = plain_recipe(
        "digits",
        f"{kind}-{depth}",
        steps=STEPS,
        batch_size=60,
        lr=0.05,
        options={"width": 4},
        settings={
            "optimizer.momentum": 0.9,
            "schedule.name": "step",
            "schedule.milestones": [3 * STEPS // 4],
            "training.evaluate_every": 2,
        },
    )
    return trained(recipe, errors)


def _last(kind: str, depth: int, arms: Arms) -> float:
    return arms[f"{kind}-{depth}"]["train_error"][-1]


def _gap(kind: str, arms: Arms) -> float:
    return _last(kind, 56, arms) - _last(kind, 20, arms)


def _plot(figure: Figure, results: Results) -> None:
    plots = figure.subplots(1, 2, sharey=True)
    for axes, (kind, title) in zip(plots, KINDS.items(), strict=True):
        for depth, color in zip(DEPTHS, COLORS, strict=False):
            arm = f"{kind}-{depth}"
            steps = results.first(arm)["steps"]
            for part, line in (("val_error", "-"), ("train_error", "--")):
                name = f"{depth} layers" if line == "-" else ""
                curves = results.values(arm, part)
                draw_seeds(axes, steps, curves, color=color, name=name, line=line)
        axes.set_xlim(0, STEPS)
        label(axes, "step", "", title)
    plots[0].set_ylabel("error (%)")
    plots[0].set_ylim(0, 100)
    plots[1].plot([], [], "--", color="0.3", label="training error")
    plots[1].plot([], [], "-", color="0.3", label="error on digits not seen")
    plots[1].legend()


EXPERIMENT = Experiment(
    name="degradation",
    claim="Plain networks train worse the deeper they are, and shortcuts cure that.",
    source='He et al., "Deep Residual Learning", 2015, figures 1 and 6',
    arms={f"{kind}-{depth}": _arm(kind, depth) for kind in KINDS for depth in DEPTHS},
    requirements=(
        Requirement(
            text="the training error of plain-8 ends below 10 %: shallow ones do train",
            value=lambda arms: _last("plain", 8, arms),
            below=10.0,
            is_control=True,
        ),
        Requirement(
            text="that of plain-56 is over 10 points above that of plain-20",
            value=lambda arms: _gap("plain", arms),
            above=10.0,
        ),
        Requirement(
            text="that of resnet-56 is less than 2 points above that of resnet-20",
            value=lambda arms: _gap("resnet", arms),
            below=2.0,
        ),
    ),
    plot=_plot,
)
