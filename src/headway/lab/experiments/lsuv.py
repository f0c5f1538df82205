"""The variance in each of 20 layers that start by LSUV, and by orthogonal weights alone."""

import torch
from matplotlib.figure import Figure

from headway.data.splits import ArraySplit
from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.lab.settings import plain_recipe
from headway.measure import look
from headway.models import build_model
from headway.nn import initialize_, lsuv_
from headway.recipe import read_data

DEPTH, WIDTH, BATCH_SIZE = 20, 64, 256
ACTIVATIONS = {"relu": "ReLU", "tanh": "tanh", "maxout": "maxout"}


def _arm(activation: str, *, is_scaled: bool) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        torch.manual_seed(seed)
        split = read_data(plain_recipe("digits", "mlp", steps=1, batch_size=1, lr=1)).train
        assert isinstance(split, ArraySplit)
        images = split.inputs[torch.randperm(len(split))].float()
        images = (images - images.mean()) / images.std()
        seen, others = images[:BATCH_SIZE], images[BATCH_SIZE : 2 * BATCH_SIZE]
        options = {"hidden": [WIDTH] * DEPTH, "activation": activation}
        model = build_model("mlp", input_shape=(1, 8, 8), num_outputs=10, options=options)
        if is_scaled:
            lsuv_(model, seen)
        else:
            initialize_(model, "orthogonal", gain=1.0)
        return {"seen": _variances(model, seen), "others": _variances(model, others)}

    return arm


def _variances(model: torch.nn.Module, images: torch.Tensor) -> list[float]:
    layers = look(model, lambda: model(images), gradients=False)
    return [layer.output.std**2 for layer in layers if layer.has_weight]


def _largest_error(batch: str, arms: Arms) -> float:
    return max(
        abs(variance - 1)
        for name in ACTIVATIONS.values()
        for variance in arms[f"{name}, LSUV"][batch]
    )


def _plot(figure: Figure, results: Results) -> None:
    axes = figure.subplots()
    layers = range(1, DEPTH + 2)
    for name, color in zip(ACTIVATIONS.values(), COLORS, strict=False):
        for start, line in (("LSUV", "-"), ("orthogonal", "--")):
            arm = f"{name}, {start}"
            draw_seeds(
                axes, layers, results.values(arm, "seen"), color=color, name=arm, line=line
            )
    axes.text(DEPTH / 2, 1.25, "LSUV: all three", ha="center", fontsize=9)
    axes.axhspan(0.9, 1.1, color="0.85", zorder=0)
    axes.set_yscale("log")
    axes.set_xticks(range(1, DEPTH + 2, 2))
    axes.legend(ncols=3)
    label(
        axes,
        "layer",
        "variance of the layer's outputs",
        "At the start, before any training",
    )


EXPERIMENT = Experiment(
    name="lsuv",
    claim="Layer-sequential scaling gives every layer unit variance on a batch, whatever the "
    "activation.",
    source='Mishkin and Matas, "All you need is a good init", 2015, algorithm 1',
    arms={
        f"{name}, {start}": _arm(activation, is_scaled=start == "LSUV")
        for activation, name in ACTIVATIONS.items()
        for start in ("LSUV", "orthogonal")
    },
    requirements=(
        Requirement(
            text="LSUV: the variance of every layer is 1 within 0.1 on the batch it saw",
            value=lambda arms: _largest_error("seen", arms),
            below=0.1,
        ),
        Requirement(
            text="LSUV: it is 1 within 0.5 on a batch that it did not see",
            value=lambda arms: _largest_error("others", arms),
            below=0.5,
        ),
        Requirement(
            text="ReLU with orthogonal weights alone: the last layer's is below 0.01",
            value=lambda arms: arms["ReLU, orthogonal"]["seen"][-1],
            below=0.01,
            is_control=True,
        ),
    ),
    plot=_plot,
)
