"""A maxout unit is a ReLU, a leaky one or an absolute value, and a network of them trains."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch
from matplotlib.figure import Figure
from torch import Tensor

from headway.data import ArraySplit, read_source
from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.lab.sets import write_set
from headway.lab.settings import plain_recipe
from headway.nn import Maxout

_STEPS = 300
_FEATURES, _UNITS = 8, 16
# What the second piece is in terms of the first, and the function of it that this makes.
_SPECIAL: dict[str, tuple[float, Callable[[Tensor], Tensor]]] = {
    "ReLU": (0.0, torch.relu),
    "leaky ReLU": (0.1, lambda z: torch.where(z > 0, z, 0.1 * z)),
    "absolute value": (-1.0, torch.abs),
}


def _unit(multiple: float | None) -> tuple[Maxout, Tensor, Tensor]:
    """Return maxout whose second piece is a multiple of the first, or None of it, and both."""
    layer = Maxout(_FEATURES, _UNITS).double()
    with torch.no_grad():
        layer.bias.normal_()
        weight, bias = layer.weight[::2].clone(), layer.bias[::2].clone()
        if multiple is not None:
            layer.weight[1::2] = multiple * weight
            layer.bias[1::2] = multiple * bias
    return layer, weight, bias


def _difference(multiple: float | None, function: Callable[[Tensor], Tensor]) -> float:
    layer, weight, bias = _unit(multiple)
    x = torch.randn(1000, _FEATURES, dtype=torch.float64)
    with torch.no_grad():
        return float((layer(x) - function(x @ weight.T + bias)).abs().max())


def _equality(bench: Bench, seed: int) -> Numbers:
    torch.manual_seed(seed)
    return {name: _difference(*special) for name, special in _SPECIAL.items()}


def _any_pieces(bench: Bench, seed: int) -> Numbers:
    torch.manual_seed(seed)
    return {"ReLU": _difference(None, torch.relu)}


def _odd_digits(folder: Path) -> Path:
    """Return digits to be told odd from even, for which no linear network is enough."""
    split = cast(ArraySplit, read_source("digits").train)
    images, labels = split.inputs.numpy(), split.targets.numpy()
    path = folder / "data" / "odd-digits.npz"
    return write_set(path, {"x_train": images[:, 0], "y_train": labels % 2})


def _trained(model: str, **options: object) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        recipe = plain_recipe(
            _odd_digits(bench.folder),
            model,
            steps=_STEPS,
            batch_size=60,
            lr=0.05,
            options=dict(options),
            settings={"optimizer.momentum": 0.9},
        )
        trial = bench.train(recipe, seed=seed)
        errors = [1 - value for value in trial.curve.val["accuracy"]]
        return {"steps": trial.curve.eval_steps, "errors": errors}

    return arm


def _error(arm: str, arms: Arms) -> float:
    return arms[arm]["errors"][-1]


def _plot(figure: Figure, results: Results) -> None:
    left, right = figure.subplots(1, 2)
    x = torch.linspace(-2, 2, 201)
    for (name, (multiple, _)), color in zip(_SPECIAL.items(), COLORS[2:], strict=False):
        layer = Maxout(1, 1)
        layer.load_state_dict(
            {"weight": torch.tensor([[1.0], [multiple]]), "bias": torch.zeros(2)}
        )
        left.plot(x, layer(x[:, None]).detach()[:, 0], color=color, label=name)
    left.legend()
    label(left, "input", "output", "What max(x, a x) is for a = 0, 0.1 and -1")
    for arm, color in zip(("maxout", "relu", "linear"), COLORS, strict=False):
        for number, errors in enumerate(results.values(arm, "errors")):
            name = "" if number else _SAYS[arm]
            steps = results.values(arm, "steps")[number]
            right.plot(steps, [100 * e for e in errors], color=color, label=name)
    right.set_ylim(bottom=0)
    right.legend()
    label(right, "step", "validation error (%)", "Telling odd digits from even ones")


_SAYS = {"maxout": "maxout, 2 x 32 units", "relu": "ReLU, 2 x 32 units", "linear": "linear"}


EXPERIMENT = Experiment(
    name="maxout",
    claim="Maxout of two pieces is a ReLU in special cases, and a network of it trains well.",
    source='Goodfellow et al., "Maxout Networks", 2013, section 3 and figure 1',
    arms={
        "equality": _equality,
        "any pieces": _any_pieces,
        "maxout": _trained("lab:maxout_mlp", width=32),
        "relu": _trained("mlp", hidden=[32, 32]),
        "linear": _trained("mlp", hidden=[]),
    },
    requirements=(
        Requirement(
            text="it differs from ReLU, leaky ReLU and absolute value by less than 1e-12",
            value=lambda arms: max(arms["equality"].values()),
            below=1e-12,
        ),
        Requirement(
            text="with two independent pieces it differs from ReLU by more than 0.1",
            value=lambda arms: arms["any pieces"]["ReLU"],
            above=0.1,
            is_control=True,
        ),
        Requirement(
            text="the validation error of a maxout network is below 5 %",
            value=lambda arms: _error("maxout", arms),
            below=0.05,
        ),
        Requirement(
            text="it is at most 1 point above that of a ReLU network of the same width",
            value=lambda arms: _error("maxout", arms) - _error("relu", arms),
            below=0.01,
        ),
        Requirement(
            text="that of a linear network is over 5 %",
            value=lambda arms: _error("linear", arms),
            above=0.05,
            is_control=True,
        ),
    ),
    plot=_plot,
)
