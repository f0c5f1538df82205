"""Centered inputs train well; inputs far from zero do not, at any learning rate."""

import math

from matplotlib.figure import Figure

from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.lab.sets import moved_digits
from headway.lab.settings import plain_recipe

RATES = (0.001, 0.01, 0.03, 0.1, 0.5)
# Mean and standard deviation of the inputs, and what is done about them.
KINDS = {
    "centered": (0.0, 1.0, "none"),
    "offset": (5.0, 1.0, "none"),
    "offset, standardized": (5.0, 1.0, "channel-mean-std"),
    "large": (0.0, 10.0, "none"),
}
NAMES = {
    "centered": "mean 0, deviation 1",
    "offset": "mean 5, deviation 1",
    "offset, standardized": "mean 5, then standardized",
    "large": "mean 0, deviation 10",
}


def _arm(kind: str) -> Arm:
    offset, factor, preprocessing = KINDS[kind]

    def loss(bench: Bench, seed: int, lr: float) -> float:
        recipe = plain_recipe(
            moved_digits(bench.folder, offset=offset, factor=factor),
            "mlp",
            steps=150,
            batch_size=60,
            lr=lr,
            options={"hidden": [64]},
            settings={"preprocessing.kind": preprocessing, "training.evaluate_every": 8},
        )
        trial = bench.train(recipe, seed=seed, name=f"rate-{lr:g}")
        return math.inf if trial.has_diverged else trial.curve.train["loss"][-1]

    def arm(bench: Bench, seed: int) -> Numbers:
        losses = [loss(bench, seed, lr) for lr in RATES]
        return {"losses": losses, "best": min(losses)}

    return arm


def _times_the_offset(kind: str) -> Requirement:
    return Requirement(
        text=f"{NAMES[kind]}: the best loss is under a third of that with mean 5 left in",
        value=lambda arms: arms[kind]["best"] / arms["offset"]["best"],
        below=1 / 3,
    )


def _plot(figure: Figure, results: Results) -> None:
    axes = figure.subplots()
    for kind, color, style in zip(
        KINDS,
        (COLORS[0], COLORS[1], COLORS[2], COLORS[4]),
        ("-", "-", ":", "-"),
        strict=True,
    ):
        for number, losses in enumerate(results.values(kind, "losses")):
            name = NAMES[kind] if number == 0 else None
            axes.loglog(
                RATES,
                losses,
                "o" + style,
                color=color,
                ms=4,
                lw=3 if style == ":" else 1.5,
                label=name,
            )
    axes.axhline(math.log(10), color="0.6", lw=0.8, label="guessing: log 10")
    axes.legend()
    label(axes, "learning rate", "training loss after 150 steps (nats)")


def _worse_rates(arms: Arms) -> float:
    pairs = zip(arms["offset"]["losses"], arms["centered"]["losses"], strict=True)
    return float(sum(offset > centered for offset, centered in pairs))


EXPERIMENT = Experiment(
    name="preprocessing",
    claim="Inputs with their mean taken out train better than inputs far from zero.",
    source='LeCun et al., "Efficient BackProp", 1998, section 4.3',
    arms={kind: _arm(kind) for kind in KINDS},
    requirements=(
        _times_the_offset("centered"),
        _times_the_offset("offset, standardized"),
        Requirement(
            text="with mean 5 left in, the loss is higher at 3 or more of 5 rates",
            value=_worse_rates,
            above=2.5,
        ),
        Requirement(
            text="with mean 5 left in, no rate gets below 0.3",
            value=lambda arms: arms["offset"]["best"],
            above=0.3,
            is_control=True,
        ),
    ),
    plot=_plot,
    note=(
        "A larger deviation does no harm here: with the rate chosen for it, inputs ten times "
        "as large train as well or better. What hurts is the mean."
    ),
)
