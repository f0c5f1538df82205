"""How the gradient shrinks or grows on its way back through layers and through time."""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from matplotlib.figure import Figure

from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.measure import layer_gradient_norms
from headway.models import build_model
from headway.nn import GRU, LSTM, UGRNN, RecurrentCell, VanillaRNN, initialize_

NUM_LAYERS, WIDTH, NUM_STEPS, HIDDEN_SIZE, NUM_SAMPLES = 20, 256, 100, 64, 64
# Gain of the weights by arm: their variance is gain**2 / fan_in.
GAINS = {"ReLU, gain 2": 2.0, "ReLU, He": math.sqrt(2.0), "ReLU, Xavier": 1.0}


def _through_layers(
    activation: Literal["relu", "tanh", "sigmoid"], gain: float = 1.0
) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        torch.manual_seed(seed)
        options = {"hidden": [WIDTH] * NUM_LAYERS, "activation": activation}
        model = build_model("mlp", input_shape=(WIDTH,), num_outputs=10, options=options)
        initialize_(model, "he", gain=gain)
        x, y = torch.randn(NUM_SAMPLES, WIDTH), torch.randint(10, (NUM_SAMPLES,))
        norms = layer_gradient_norms(model, lambda: F.cross_entropy(model(x), y))
        return _relative(list(norms.values())[:NUM_LAYERS])

    return arm


def _through_time(make_cell: type[RecurrentCell], gain: float = 1.0) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        torch.manual_seed(seed)
        is_plain = make_cell is VanillaRNN
        cell = (
            VanillaRNN(8, HIDDEN_SIZE, activation="tanh")
            if is_plain
            else make_cell(8, HIDDEN_SIZE)
        )
        with torch.no_grad():
            cell.weight_hh.mul_(gain)
        state, states = None, []
        for x in torch.randn(NUM_STEPS, NUM_SAMPLES, 8):
            state = cell(x, state)
            states.append(state[-1] if isinstance(state, tuple) else state)
        loss = (states[-1] * torch.randn(NUM_SAMPLES, HIDDEN_SIZE)).sum()
        return _relative([float(g.norm()) for g in torch.autograd.grad(loss, states)])

    return arm


def _relative(norms: list[float]) -> Numbers:
    """Return the norms as parts of the last one."""
    return {"norms": [norm / norms[-1] for norm in norms]}


def _first(arm: str, arms: Arms) -> float:
    return arms[arm]["norms"][0]


def _rate_error(arms: Arms) -> float:
    """Return how far the factor of a layer is from sqrt(n Var W / 2), at most."""
    return max(
        abs(_first(arm, arms) ** (1 / (NUM_LAYERS - 1)) / (gain / math.sqrt(2.0)) - 1)
        for arm, gain in GAINS.items()
    )


_LAYERS: dict[str, Arm] = {
    **{arm: _through_layers("relu", gain) for arm, gain in GAINS.items()},
    "tanh, Xavier": _through_layers("tanh"),
    "sigmoid, Xavier": _through_layers("sigmoid"),
}
_TIMES: dict[str, Arm] = {
    "vanilla": _through_time(VanillaRNN, 0.9),
    "GRU": _through_time(GRU),
    "LSTM": _through_time(LSTM),
    "UGRNN": _through_time(UGRNN),
}


def _plot(figure: Figure, results: Results) -> None:
    left, right = figure.subplots(1, 2)
    for axes, arms in ((left, _LAYERS), (right, _TIMES)):
        for arm, color in zip(arms, COLORS, strict=False):
            norms = results.values(arm, "norms")
            draw_seeds(axes, range(1, 1 + len(norms[0])), norms, color=color, name=arm)
        axes.set_yscale("log")
        axes.legend(fontsize=8)
    label(left, "layer", "norm of the gradient, relative to the last", "Depth: 20 layers")
    label(right, "step", "", "Time: 100 steps")
    left.set_xticks(range(0, NUM_LAYERS + 1, 5))


EXPERIMENT = Experiment(
    name="vanishing-gradients",
    claim="The gradient shrinks or grows exponentially with the layers and the time steps "
    "that it passes; He's weights keep it in depth, and gates slow its loss in time.",
    source="MIT 6.867, 2017, lecture 11, unstable gradients; McAllester, TTIC 31230, 2020",
    arms={**_LAYERS, **_TIMES},
    requirements=(
        Requirement(
            text="ReLU: a layer multiplies the gradient by sqrt(n Var W / 2) within 10 %",
            value=_rate_error,
            below=0.10,
        ),
        Requirement(
            text="sigmoid: layer 1 gets under 1e-8 of the gradient of layer 20",
            value=lambda arms: _first("sigmoid, Xavier", arms),
            below=1e-8,
        ),
        Requirement(
            text="ReLU with He's weights: it gets between a fifth of it and 5 times as much",
            value=lambda arms: _first("ReLU, He", arms),
            above=0.2,
            below=5.0,
            is_control=True,
        ),
        Requirement(
            text="without gates step 1 gets under 1e-10 of the gradient of step 100",
            value=lambda arms: _first("vanilla", arms),
            below=1e-10,
        ),
        Requirement(
            text="with an update gate (UGRNN) it gets over 1e-8 of it",
            value=lambda arms: _first("UGRNN", arms),
            above=1e-8,
            is_control=True,
        ),
    ),
    plot=_plot,
)
