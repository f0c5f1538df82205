"""Recurrent networks with gates learn the adding problem; one without them hardly does."""

from matplotlib.figure import Figure

from headway.lab.arms import trained
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.lab.settings import plain_recipe
from headway.tune import Trial

LENGTH, STEPS = 30, 500
RATE = 0.01
# The network without gates has the best of three.
VANILLA_RATES = (0.001, 0.003, 0.01)
GATED = {"ugrnn": "UGRNN", "gru": "GRU", "lstm": "LSTM"}
# What is left by guessing the mean: the variance of a sum of two numbers from [0, 1).
GUESSING = 2 / 12
GOAL = 0.05


def _errors(trial: Trial) -> Numbers:
    curve = trial.curve
    return {
        "steps": curve.steps,
        "train": [loss * GUESSING for loss in curve.losses],
        "val": curve.val["rmse"][-1] ** 2,
    }


def _arm(model: str, lr: float, **options: str) -> Arm:
    recipe = plain_recipe(
        f"adding:{LENGTH}",
        model,
        steps=STEPS,
        batch_size=64,
        lr=lr,
        options={"hidden_size": 32, **options},
        settings={
            "optimizer.name": "adam",
            "training.clip_norm": 1.0,
            "training.report_every": 10,
            "training.evaluate_every": STEPS,
        },
    )
    return trained(recipe, _errors)


def _best_vanilla(arms: Arms) -> str:
    names = [f"vanilla, lr {lr:g}" for lr in VANILLA_RATES]
    return min(names, key=lambda name: arms[name]["val"])


def _plot(figure: Figure, results: Results) -> None:
    axes = figure.subplots()
    runs = {"vanilla (best of three rates)": _vanilla_runs(results)}
    runs |= {name: results.values(name, "train") for name in GATED.values()}
    steps = results.first("GRU")["steps"]
    for (name, curves), color in zip(
        runs.items(), (COLORS[1], *_GATED_COLORS), strict=True
    ):
        draw_seeds(axes, steps, curves, color=color, name=name)
    axes.axhline(GUESSING, color="0.5", linestyle=":", label="guessing the mean (1/6)")
    axes.set_yscale("log")
    axes.legend(ncols=2)
    label(axes, "step", "squared error", f"Adding two of {LENGTH} numbers")


_GATED_COLORS = (COLORS[2], COLORS[0], COLORS[3])


def _vanilla_runs(results: Results) -> list[list[float]]:
    return [arms[_best_vanilla(arms)]["train"] for arms in results.by_seed.values()]


EXPERIMENT = Experiment(
    name="gated-recurrence",
    claim="Recurrent networks with gates learn to add two numbers far apart; one without "
    "gates hardly learns it.",
    source='Collins, Sohl-Dickstein and Sussillo, "Capacity and Trainability in Recurrent '
    'Neural Networks", 2016, abstract',
    arms={
        **{
            f"vanilla, lr {lr:g}": _arm("rnn", lr, activation="tanh")
            for lr in VANILLA_RATES
        },
        **{name: _arm(model, RATE) for model, name in GATED.items()},
    },
    requirements=(
        *(
            Requirement(
                text=f"the squared error of the {name} on new sequences is below {GOAL}",
                value=lambda arms, name=name: arms[name]["val"],
                below=GOAL,
            )
            for name in GATED.values()
        ),
        Requirement(
            text=f"that of the network without gates, at its best rate, is above {GOAL}",
            value=lambda arms: arms[_best_vanilla(arms)]["val"],
            above=GOAL,
            is_control=True,
        ),
    ),
    plot=_plot,
    note="The paper finds the GRU the easiest to train, then the UGRNN; on this one problem "
    "that order is shown and not required.",
)
