"""Mean and spread of the activations over 50 layers of SELU and of other functions."""

import math

import torch
from matplotlib.figure import Figure

from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.measure import look
from headway.models import build_model
from headway.nn import initialize_

DEPTH, WIDTH, NUM_SAMPLES = 50, 256, 256


def _arm(activation: str, gain: float = 1.0) -> Arm:
    """Return an arm whose weights have the variance gain**2 / fan_in."""

    def arm(bench: Bench, seed: int) -> Numbers:
        torch.manual_seed(seed)
        options = {"hidden": [WIDTH] * DEPTH, "activation": activation}
        model = build_model("mlp", input_shape=(WIDTH,), num_outputs=10, options=options)
        initialize_(model, "he", gain=gain)
        x = torch.randn(NUM_SAMPLES, WIDTH)
        outputs = [
            layer.output
            for layer in look(model, lambda: model(x), gradients=False)
            if layer.kind == "activation"
        ]
        return {"mean": [o.mean for o in outputs], "std": [o.std for o in outputs]}

    return arm


ARMS = {
    "SELU": _arm("selu"),
    "ELU": _arm("elu"),
    "ReLU": _arm("relu"),
    "SELU, He's weights": _arm("selu", math.sqrt(2.0)),
}


def _last(arm: str, key: str, arms: Arms) -> float:
    return arms[arm][key][-1]


def _plot(figure: Figure, results: Results) -> None:
    plots = figure.subplots(1, 2)
    layers = range(1, DEPTH + 1)
    for axes, key in zip(plots, ("mean", "std"), strict=True):
        for arm, color in zip(ARMS, COLORS, strict=False):
            draw_seeds(axes, layers, results.values(arm, key), color=color, name=arm)
    label(plots[0], "layer", "mean of the activations")
    label(plots[1], "layer", "their standard deviation")
    plots[0].set_yscale("symlog", linthresh=0.1)
    plots[1].set_yscale("log")
    plots[0].legend(fontsize=8)


EXPERIMENT = Experiment(
    name="selu",
    claim="SELU with weights of variance 1 / fan_in keeps activations at mean 0 and variance "
    "1 through 50 layers without normalization.",
    source='Klambauer et al., "Self-Normalizing Neural Networks", 2017, theorem 1',
    arms=ARMS,
    requirements=(
        Requirement(
            text="SELU: the mean in layer 50 is 0 within 0.1",
            value=lambda arms: abs(_last("SELU", "mean", arms)),
            below=0.1,
        ),
        Requirement(
            text="SELU: the standard deviation in layer 50 is 1 within 0.1",
            value=lambda arms: abs(_last("SELU", "std", arms) - 1),
            below=0.1,
        ),
        Requirement(
            text="ReLU with the same weights: it is below 0.01",
            value=lambda arms: _last("ReLU", "std", arms),
            below=0.01,
            is_control=True,
        ),
        Requirement(
            text="SELU with twice the variance: it is off 1 by over 0.1",
            value=lambda arms: abs(_last("SELU, He's weights", "std", arms) - 1),
            above=0.1,
            is_control=True,
        ),
    ),
    plot=_plot,
)
