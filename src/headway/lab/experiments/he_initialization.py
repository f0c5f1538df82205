"""Networks of 22 and 30 layers that start with He's weights or with Xavier's."""

import math

from matplotlib.figure import Figure

from headway.lab.arms import trained
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.lab.settings import plain_recipe
from headway.tune import Trial

WIDTH, STEPS, HALF = 96, 700, 0.5
RATES = {22: 0.007, 30: 0.005}
NAMES = {"he": "He", "xavier": "Xavier"}


def _progress(trial: Trial) -> Numbers:
    """Return the error over the steps, and the step at which half of the digits are right."""
    accuracy = trial.curve.train["accuracy"]
    reached = zip(trial.curve.eval_steps, accuracy, strict=True)
    return {
        "steps": trial.curve.eval_steps,
        "error": [100 * (1 - value) for value in accuracy],
        "steps_to_half": next((step for step, value in reached if value >= HALF), math.inf),
    }


def begin(scheme: str, depth: int) -> Arm:
    """Return an arm that trains a network of `depth` layers from such weights."""
    recipe = plain_recipe(
        "digits",
        "mlp",
        steps=STEPS,
        batch_size=60,
        lr=RATES[depth],
        options={"hidden": [WIDTH] * (depth - 1)},
        settings={"optimizer.momentum": 0.9, "model.initialization": scheme},
    )
    return trained(recipe, _progress)


def _steps(scheme: str, depth: int, arms: Arms) -> float:
    return arms[f"{NAMES[scheme]}, {depth} layers"]["steps_to_half"]


def _plot(figure: Figure, results: Results) -> None:
    plots = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, depth in zip(plots, RATES, strict=True):
        for name, color in zip(NAMES.values(), (COLORS[1], COLORS[0]), strict=True):
            arm = f"{name}, {depth} layers"
            errors = results.values(arm, "error")
            draw_seeds(axes, results.first(arm)["steps"], errors, color=color, name=name)
        label(axes, "step", "training error (%)" if depth == 22 else "", f"{depth} layers")
        axes.set_ylim(0, 100)
        axes.legend(loc="lower left" if depth == 30 else "upper right")


EXPERIMENT = Experiment(
    name="he-initialization",
    claim="ReLU networks of 22 layers start sooner from He's weights than from Xavier's, and "
    "those of 30 layers start only from He's.",
    source='He et al., "Delving Deep into Rectifiers", 2015, figures 2 and 3',
    arms={
        f"{name}, {depth} layers": begin(scheme, depth)
        for depth in RATES
        for scheme, name in NAMES.items()
    },
    requirements=(
        Requirement(
            text=f"with 22 layers Xavier's reach 50 % of the digits within {STEPS} steps",
            value=lambda arms: _steps("xavier", 22, arms),
            below=STEPS + 1,
            is_control=True,
        ),
        Requirement(
            text="with 22 layers they need over 3 times as many steps for it as He's",
            value=lambda arms: _steps("xavier", 22, arms) / _steps("he", 22, arms),
            above=3.0,
        ),
        Requirement(
            text=f"with 30 layers He's reach 50 % within {STEPS} steps",
            value=lambda arms: _steps("he", 30, arms),
            below=STEPS + 1,
        ),
        Requirement(
            text="with 30 layers Xavier's reach 50 % from at most one seed in three, as a part",
            value=lambda arms: float(math.isfinite(_steps("xavier", 30, arms))),
            below=0.34,
            where="mean",
        ),
    ),
    plot=_plot,
    note="Perceptrons of 96 units on digits in the place of convolutional networks on "
    "ImageNet; the widths are equal, where Xavier's variance is half of He's.",
)
