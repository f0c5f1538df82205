"""The share of ReLU units that no longer react to any sample, over the learning rate."""

import math
from statistics import fmean

from matplotlib.figure import Figure

from headway.data.splits import ArraySplit
from headway.jobs.network import load_network
from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.lab.settings import plain_recipe
from headway.measure import look
from headway.recipe import Recipe, read_data
from headway.tune import Trial

RATES = (0.01, 0.1, 0.3, 1.0, 2.0)
STEPS = 300


def _recipe(activation: str, lr: float) -> Recipe:
    return plain_recipe(
        "digits",
        "mlp",
        steps=STEPS,
        batch_size=60,
        lr=lr,
        options={"hidden": [64, 64, 64], "activation": activation},
        # Without the bound most runs at large rates end in losses that are no numbers.
        settings={"training.evaluate_every": 20, "training.clip_norm": 5.0},
    )


def _zero_gradient_share(trial: Trial) -> float:
    """Return the share of hidden units that are 0, with slope 0, for all training samples."""
    network = load_network(trial.run, weights="last", device="cpu")
    split = read_data(network.recipe).train
    assert isinstance(split, ArraySplit)
    layers = look(network.model, lambda: network.outputs(split.inputs), gradients=False)
    return fmean(layer.output.silent_fraction for layer in layers if layer.function)


def _arm(activation: str) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        trials = [
            bench.train(_recipe(activation, lr), seed=seed, name=f"lr-{lr}") for lr in RATES
        ]
        return {
            "dead": [
                math.nan if t.has_diverged else _zero_gradient_share(t) for t in trials
            ],
            "accuracy": [
                0.1 if t.has_diverged else t.curve.train["accuracy"][-1] for t in trials
            ],
        }

    return arm


def _dead(activation: str, lr: float, arms: Arms) -> float:
    return arms[activation]["dead"][RATES.index(lr)]


def _plot(figure: Figure, results: Results) -> None:
    left, right = figure.subplots(1, 2)
    for arm, color in zip(("ReLU", "leaky ReLU"), COLORS, strict=False):
        dead = [[100 * v for v in values] for values in results.values(arm, "dead")]
        accuracy = [[100 * v for v in values] for values in results.values(arm, "accuracy")]
        draw_seeds(left, RATES, dead, color=color, name=arm)
        draw_seeds(right, RATES, accuracy, color=color, name=arm)
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_ylim(-2, 102)
        axes.legend()
    label(
        left,
        "learning rate",
        "units without gradient (%)",
        f"Dead units after {STEPS} steps",
    )
    label(right, "learning rate", "accuracy (%)", "Training digits")


EXPERIMENT = Experiment(
    name="dying-relu",
    claim="A large learning rate kills ReLU units: they are 0 for every sample, get no "
    "gradient and never come back; leaky units do not die.",
    source="Li, Adeli and Durante, CS231n, 2024, lecture 6, ReLU and leaky ReLU",
    arms={"ReLU": _arm("relu"), "leaky ReLU": _arm("leaky_relu")},
    requirements=(
        Requirement(
            text="the share of dead ReLU units at rate 2 is over 40 points above that at 0.1",
            value=lambda arms: _dead("ReLU", 2.0, arms) - _dead("ReLU", 0.1, arms),
            above=0.4,
        ),
        Requirement(
            text="at rate 0.1 under 5 % of them are dead",
            value=lambda arms: _dead("ReLU", 0.1, arms),
            below=0.05,
            is_control=True,
        ),
        Requirement(
            text="no leaky unit is without gradient at rate 2",
            value=lambda arms: _dead("leaky ReLU", 2.0, arms),
            below=1e-9,
            is_control=True,
        ),
    ),
    plot=_plot,
    note="Leaky units do not die, yet at such rates their networks fail too. The norm of the "
    "gradient is bounded by 5, without which losses become infinite first.",
)
