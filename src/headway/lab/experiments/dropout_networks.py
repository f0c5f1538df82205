"""Dropout trains 2^n networks at once; evaluation averages them, exactly for one layer."""

import math
from itertools import product

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from headway.data import ArraySplit
from headway.jobs.network import load_network
from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.lab.settings import plain_recipe
from headway.models import Mlp
from headway.nn import monte_carlo
from headway.recipe import read_data

# Hidden layers of a network, each with dropout 1/2 behind it.
HIDDEN = {"one layer": (10,), "two layers": (5, 5)}
DRAWS = (4, 16, 64, 256, 1024, 4096)
NUM_IMAGES = 100
ATOMS = 82  # powers of ten in the usual estimate for the visible universe


def _masked(layers: nn.Sequential, x: Tensor, mask: Tensor) -> Tensor:
    """Return the outputs of the network in which only units with a 1 in `mask` are left."""
    for layer in layers:
        if isinstance(layer, nn.Dropout):
            width = x.shape[1]
            x, mask = x * mask[:width] / (1 - layer.p), mask[width:]
        else:
            x = layer(x)
    return x


def _arm(name: str) -> Arm:
    hidden = HIDDEN[name]
    recipe = plain_recipe(
        "digits",
        "mlp",
        steps=600,
        batch_size=60,
        lr=0.1,
        options={"hidden": list(hidden), "activation": "tanh", "drop_prob": 0.5},
        settings={"optimizer.momentum": 0.9, "training.evaluate_every": 30},
    )

    def arm(bench: Bench, seed: int) -> Numbers:
        network = load_network(bench.train(recipe, seed=seed).run, weights="last")
        split = read_data(recipe).val
        assert isinstance(split, ArraySplit)
        batch = split.select(torch.arange(NUM_IMAGES))
        x = network.preprocessing(batch.inputs).flatten(1).double()
        assert isinstance(network.model, Mlp)
        return _measure(network.model.double().layers, x, batch.targets)

    return arm


@torch.no_grad()
def _measure(layers: nn.Sequential, x: Tensor, targets: Tensor) -> Numbers:
    units = sum(layer.out_features for layer in layers if isinstance(layer, nn.Linear)) - 10
    masks = torch.tensor(list(product((0.0, 1.0), repeat=units)), dtype=torch.float64)
    logs = torch.stack([_masked(layers, x, mask) for mask in masks]).log_softmax(2)
    mean, geometric = logs.exp().mean(0), logs.mean(0).softmax(1)
    scaled = layers.eval()(x).softmax(1)
    network = nn.Sequential(layers, nn.Softmax(1))
    drawn = [monte_carlo(network, x, draws).mean for draws in DRAWS]
    return {
        "num_networks": len(masks),
        "geometric_error": float((geometric - scaled).abs().max()),
        "mean_error": float((mean - scaled).square().mean().sqrt()),
        "draw_errors": [float((each - mean).square().mean().sqrt()) for each in drawn],
        "accuracies": _accuracy(logs, targets).tolist(),
        "mean_accuracy": float(_accuracy(mean, targets)),
        "scaled_accuracy": float(_accuracy(scaled, targets)),
    }


def _accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs.argmax(-1) == targets).double().mean(-1)


def _slope(numbers: Numbers) -> float:
    """Return the slope of the error over the draws where both axes are logarithmic."""
    x = torch.tensor(DRAWS, dtype=torch.float64).log()
    y = torch.tensor(numbers["draw_errors"], dtype=torch.float64).log()
    return float(((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum())


def _plot(figure: Figure, results: Results) -> None:
    left, right = figure.subplots(1, 2)
    numbers = results.first("one layer")
    accuracies = [100 * value for value in numbers["accuracies"]]
    left.hist(accuracies, bins=25, color=COLORS[5], label="each of the 1,024 networks")
    for key, color, style, name in (
        ("mean_accuracy", COLORS[1], "-", "mean of their answers"),
        ("scaled_accuracy", COLORS[0], "--", "one pass with dropout off"),
    ):
        left.axvline(100 * numbers[key], color=color, ls=style, lw=2, label=name)
    left.set_ylim(0, 1.35 * left.get_ylim()[1])
    left.legend(fontsize=8, loc="upper left")
    label(left, "accuracy (%)", "networks", "10 hidden units, 2$^{10}$ networks")
    for number, arms in enumerate(results.by_seed.values()):
        errors = arms["one layer"]["draw_errors"]
        name = "dropout on, mean of draws" if number == 0 else None
        right.loglog(DRAWS, errors, "o-", color=COLORS[2], ms=4, label=name)
    start = results.first("one layer")["draw_errors"][0] * math.sqrt(DRAWS[0])
    line = [start / math.sqrt(draws) for draws in DRAWS]
    right.loglog(DRAWS, line, ":", color="0.3", label="1 / square root of the draws")
    right.axhline(numbers["mean_error"], color=COLORS[0], ls="--", label="dropout off")
    right.set_ylim(1e-3, 0.2)
    right.legend(fontsize=8, loc="lower left")
    title = "distance from the mean of all networks"
    label(right, "draws", "error of a probability (root mean square)", title)


EXPERIMENT = Experiment(
    name="dropout-networks",
    claim=(
        "A network with n units that dropout acts on is 2^n networks with shared weights, "
        "and one pass with scaled weights stands for their mean."
    ),
    source='Srivastava et al., "Dropout", 2014, sections 1, 7.5 and figure 11',
    arms={name: _arm(name) for name in HIDDEN},
    requirements=(
        Requirement(
            text=(
                "with one hidden layer, dropout off is the geometric mean of all 1,024 "
                "networks, within 1e-10"
            ),
            value=lambda arms: arms["one layer"]["geometric_error"],
            below=1e-10,
        ),
        Requirement(
            text="with two hidden layers it is not: the largest difference is above 0.001",
            value=lambda arms: arms["two layers"]["geometric_error"],
            above=1e-3,
            is_control=True,
        ),
        Requirement(
            text=(
                "the mean of N draws comes closer to that of all networks as N to the power "
                "of -0.4 or less"
            ),
            value=lambda arms: _slope(arms["one layer"]),
            below=-0.4,
        ),
        Requirement(
            text="the mean of all networks is over 10 points above the mean network",
            value=lambda arms: (
                100 * arms["one layer"]["mean_accuracy"]
                - 100 * math.fsum(arms["one layer"]["accuracies"]) / 1024
            ),
            above=10.0,
        ),
        Requirement(
            text=f"4,096 such units make more networks than 10^{ATOMS}: 10^1233",
            value=lambda arms: 4096 * math.log10(2),
            above=ATOMS,
        ),
    ),
    plot=_plot,
    note="Dropout off gives the arithmetic mean only about, and for one layer at that.",
)
