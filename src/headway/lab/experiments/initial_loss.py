"""Before training a classifier's loss is the logarithm of the number of classes."""

import math

import torch
from matplotlib.figure import Figure
from torch import nn
from torch.nn import functional as F

from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.models import build_model
from headway.nn import initialize_

CLASSES = (2, 5, 10, 30, 100, 300, 1000)
_SAMPLES, _SHAPE = 512, (3, 8, 8)


def _last_layer(model: nn.Module) -> nn.Linear:
    return [module for module in model.modules() if isinstance(module, nn.Linear)][-1]


def _loss(name: str, num_classes: int, std: float) -> float:
    """Return the loss on random inputs, of which each class has about as many."""
    model = build_model(name, input_shape=_SHAPE, num_outputs=num_classes, options={})
    initialize_(model, "he")
    with torch.no_grad():
        last = _last_layer(model)
        last.weight.normal_(0.0, std)
        logits = model(torch.randn(_SAMPLES, *_SHAPE))
    targets = torch.arange(_SAMPLES) % num_classes
    return float(F.cross_entropy(logits, targets[torch.randperm(_SAMPLES)]))


def _arm(name: str, std: float) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        torch.manual_seed(seed)
        return {"losses": [_loss(name, count, std) for count in CLASSES]}

    return arm


def _gaps(arm: str, arms: Arms) -> list[float]:
    """Return how far each loss is from log C, in units of log C."""
    pairs = zip(CLASSES, arms[arm]["losses"], strict=True)
    return [abs(loss / math.log(count) - 1) for count, loss in pairs]


def _plot(figure: Figure, results: Results) -> None:
    axes = figure.subplots()
    axes.plot(CLASSES, [math.log(c) for c in CLASSES], "k--", label="log C")
    for (arm, (marker, size)), color in zip(_ARMS.items(), COLORS, strict=False):
        for number, losses in enumerate(results.values(arm, "losses")):
            name = "" if number else arm
            axes.plot(CLASSES, losses, marker, color=color, ms=size, mfc="none", label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.legend()
    label(axes, "number of classes C", "cross-entropy (nats)", "Loss before the first step")


_ARMS = {"mlp": ("o", 10), "resnet-8": ("s", 6), "mlp, last layer too large": ("^", 7)}


EXPERIMENT = Experiment(
    name="initial-loss",
    claim="With small last weights the loss before training is log C for C classes.",
    source="CS231n, lecture 7, choosing hyperparameters, step 1: check initial loss, 2019",
    arms={
        "mlp": _arm("mlp", 0.01),
        "resnet-8": _arm("resnet-8", 0.01),
        "mlp, last layer too large": _arm("mlp", 0.5),
    },
    requirements=(
        Requirement(
            text="the loss of an MLP is within 3 % of log C for 2 to 1000 classes",
            value=lambda arms: max(_gaps("mlp", arms)),
            below=0.03,
        ),
        Requirement(
            text="that of a residual network is within 3 %",
            value=lambda arms: max(_gaps("resnet-8", arms)),
            below=0.03,
        ),
        Requirement(
            text="with last weights of standard deviation 0.5 it is over 30 % away everywhere",
            value=lambda arms: min(_gaps("mlp, last layer too large", arms)),
            above=0.3,
            is_control=True,
        ),
    ),
    plot=_plot,
)
