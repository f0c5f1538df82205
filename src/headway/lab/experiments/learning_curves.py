"""The scatter of losses and the line through it tell whether the learning rate is right."""

from statistics import fmean, stdev
from typing import Any

from matplotlib.figure import Figure

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
from headway.tune import read_curve

RATES = {"too low": 0.001, "well chosen": 0.03, "too high": 0.5, "far too high": 2.0}
STEPS = 1200
WINDOW = 50


def _arm(lr: float) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        source = digits_set(bench.folder, seed=seed, train=1200, val=597, noise=0.2)
        recipe = plain_recipe(
            source,
            "mlp",
            steps=STEPS,
            batch_size=20,
            lr=lr,
            options={"hidden": []},
            settings={"training.report_every": 1, "training.evaluate_every": 20},
        )
        curve = read_curve(bench.train(recipe, seed=seed).run, window=WINDOW)
        return {
            "losses": [round(loss, 4) for loss in curve.losses],
            "average": [round(loss, 4) for loss in curve.moving_average],
        }

    return arm


def _mean(numbers: Numbers, begin: float, end: float) -> float:
    """Return the mean loss in a part of the training."""
    losses = numbers["losses"]
    return fmean(losses[int(begin * len(losses)) : int(end * len(losses))])


def _against_well_chosen(rate: str, begin: float, end: float) -> Any:
    def ratio(arms: Arms) -> float:
        return _mean(arms[rate], begin, end) / _mean(arms["well chosen"], begin, end)

    return ratio


def _scatter(arms: Arms) -> float:
    """Return how much more the single losses vary than their moving average at the end."""
    losses, average = (
        arms["well chosen"][key][-STEPS // 5 :] for key in ("losses", "average")
    )
    return stdev(losses) / stdev(average)


def _plot(figure: Figure, results: Results) -> None:
    plots = figure.subplots(1, len(RATES), sharey=True)
    for axes, (rate, lr), color in zip(
        plots, RATES.items(), (COLORS[5], COLORS[2], COLORS[4], COLORS[1]), strict=True
    ):
        numbers = results.first(rate)
        steps = range(1, len(numbers["losses"]) + 1)
        axes.semilogy(steps, numbers["losses"], ".", color=color, ms=2, alpha=0.5)
        axes.semilogy(steps, numbers["average"], color="black", lw=1.5)
        label(axes, "step", "", f"{rate}: {lr:g}")
    plots[0].set_ylim(0.3, 30)
    plots[0].set_yticks([0.3, 1, 3, 10, 30], ["0.3", "1", "3", "10", "30"])
    plots[0].set_ylabel("training loss (nats)")
    plots[0].plot([], [], "o", color="0.5", ms=3, label="one batch")
    plots[0].plot([], [], color="black", label=f"mean of the last {WINDOW}")
    plots[0].legend(fontsize=7, loc="upper right")


EXPERIMENT = Experiment(
    name="learning-curves",
    claim=(
        "A learning curve shows the learning rate: too low falls slowly, too high falls "
        "fast and stays high, far too high rises; a moving average shows it through the "
        "scatter of the batches."
    ),
    source='Li, Adeli and Durante, CS231n, 2024, "Neural Networks Part 3", learning curves',
    arms={rate: _arm(lr) for rate, lr in RATES.items()},
    requirements=(
        Requirement(
            text="too low: the last fifth is over 1.3 times that of the well-chosen rate",
            value=_against_well_chosen("too low", 0.8, 1.0),
            above=1.3,
        ),
        Requirement(
            text="too low: it still falls, by over 2 % from the fourth to the last fifth",
            value=lambda arms: (
                _mean(arms["too low"], 0.8, 1.0) / _mean(arms["too low"], 0.6, 0.8)
            ),
            below=0.98,
        ),
        Requirement(
            text="too high: at the start (steps 13 to 36) it is below the well-chosen rate",
            value=_against_well_chosen("too high", 0.01, 0.03),
            below=1.0,
        ),
        Requirement(
            text="too high: the last fifth is over 1.1 times that of the well-chosen rate",
            value=_against_well_chosen("too high", 0.8, 1.0),
            above=1.1,
        ),
        Requirement(
            text="far too high: the last fifth is above the first loss",
            value=lambda arms: (
                _mean(arms["far too high"], 0.8, 1.0) / arms["far too high"]["losses"][0]
            ),
            above=1.0,
        ),
        Requirement(
            text="well chosen: the last fifth is below half of the first loss",
            value=lambda arms: (
                _mean(arms["well chosen"], 0.8, 1.0) / arms["well chosen"]["losses"][0]
            ),
            below=0.5,
            is_control=True,
        ),
        Requirement(
            text="single batches vary over 3 times as much as the moving average at the end",
            value=_scatter,
            above=3.0,
        ),
    ),
    plot=_plot,
    size=(9.0, 3.8),
    note=(
        "A linear classifier on digits of which one label in five is wrong, so that the "
        "loss cannot reach zero."
    ),
)
