"""Whether a ReLU with random derivatives at zero trains from weights of zero."""

from matplotlib.figure import Figure

from headway.lab.arms import trained
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.lab.settings import plain_recipe
from headway.tune import Trial

FUNCTIONS = {"relu": "ReLU", "smart_relu": "Smart-ReLU"}
STARTS = {"all layers zero": [0, 1, 2], "first layer zero": [0]}


def _measure(trial: Trial) -> Numbers:
    return {
        "steps": trial.curve.steps,
        "loss": trial.curve.losses,
        "accuracy": trial.curve.train["accuracy"][-1],
    }


def _arm(activation: str, zero_layers: list[int]) -> Arm:
    recipe = plain_recipe(
        "digits",
        "lab:zeroed_mlp",
        steps=400,
        batch_size=60,
        lr=0.1,
        options={"hidden": [64, 64], "activation": activation, "zero_layers": zero_layers},
        settings={"training.evaluate_every": 5, "training.report_every": 10},
    )
    return trained(recipe, _measure)


def _accuracy(function: str, start: str, arms: Arms) -> float:
    return arms[f"{function}, {start}"]["accuracy"]


def _plot(figure: Figure, results: Results) -> None:
    plots = figure.subplots(1, 2, sharey=True)
    for axes, start in zip(plots, STARTS, strict=True):
        lines = zip(FUNCTIONS.values(), COLORS, ("-", "--"), strict=False)
        for function, color, line in lines:
            arm = f"{function}, {start}"
            losses, steps = results.values(arm, "loss"), results.first(arm)["steps"]
            draw_seeds(axes, steps, losses, color=color, name=function, line=line)
        label(axes, "step", "", start.capitalize())
        axes.legend(loc="center right")
    plots[0].set_ylabel("training loss (nats)")
    plots[0].set_ylim(0, 2.6)


EXPERIMENT = Experiment(
    name="smart-relu",
    claim="A ReLU whose derivative at exactly 0 is drawn from 0 to 1 (Smart-ReLU) lets a "
    "network learn whose weights all start at zero.",
    source='MIT 6.867, 2017, lecture 11, "Smart-ReLUs"',
    arms={
        f"{name}, {start}": _arm(function, zero_layers)
        for start, zero_layers in STARTS.items()
        for function, name in FUNCTIONS.items()
    },
    requirements=(
        Requirement(
            text="all layers zero: Smart-ReLU gets over 80 % of the training digits right",
            value=lambda arms: _accuracy("Smart-ReLU", "all layers zero", arms),
            above=0.8,
        ),
        Requirement(
            text="first layer zero: Smart-ReLU gets over 80 % right",
            value=lambda arms: _accuracy("Smart-ReLU", "first layer zero", arms),
            above=0.8,
        ),
        Requirement(
            text="first layer zero: ReLU gets under 20 % right",
            value=lambda arms: _accuracy("ReLU", "first layer zero", arms),
            below=0.2,
            is_control=True,
        ),
    ),
    plot=_plot,
    note="It is false as stated. With all layers zero the gradient of each weight has a zero "
    "activation or a zero weight as a factor, whatever the derivative at 0. It holds where "
    "one layer is zero and its neighbors are not.",
)
