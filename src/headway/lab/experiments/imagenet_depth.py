"""Depth and error of the winners of ImageNet's challenge, from published figures."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from matplotlib.figure import Figure
from torch import nn

from headway.lab.bench import Bench
from headway.lab.experiment import Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.models import build_model
from headway.nn import Inception


@dataclass(frozen=True, kw_only=True)
class Winner:
    """A network of the challenge, as published.

    Attributes:
        name: Name of the network, "" where it was none.
        year: Year of the challenge.
        layers: Layers with weights on the longest path; 0 for classifiers of made features.
        error: Top-5 error on the test set, in percent; of ensembles where they took part.
    """

    name: str
    year: int
    layers: int
    error: float


# Errors to 2013: Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge",
# 2015, section 5. Those after: He et al., "Deep Residual Learning", 2015, table 5. VGG came
# second in 2014.
PUBLISHED = (
    Winner(name="no network", year=2010, layers=0, error=28.2),
    Winner(name="no network", year=2011, layers=0, error=25.8),
    Winner(name="AlexNet", year=2012, layers=8, error=16.4),
    Winner(name="ZF net", year=2013, layers=8, error=11.7),
    Winner(name="VGG", year=2014, layers=19, error=7.32),
    Winner(name="GoogLeNet", year=2014, layers=22, error=6.66),
    Winner(name="ResNet", year=2015, layers=152, error=3.57),
)
MODELS = {
    "AlexNet": "alexnet-2012",
    "VGG": "vgg-19",
    "GoogLeNet": "googlenet-2014",
    "ResNet": "imagenet-resnet-152",
}
# Top-1 errors in percent, ten crops: He et al. 2015, table 2.
TOP_1 = {"plain": {18: 27.94, 34: 28.54}, "residual": {18: 27.88, 34: 25.03}}


def _published(bench: Bench, seed: int) -> Numbers:
    return {
        "layers": [winner.layers for winner in PUBLISHED],
        "error": [winner.error for winner in PUBLISHED],
    }


def _counted(bench: Bench, seed: int) -> Numbers:
    """Return the layers on the longest path through the networks that we have."""
    return {name: _count_layers(model) for name, model in MODELS.items()}


def _count_layers(name: str) -> int:
    with torch.device("meta"):
        model = build_model(name, input_shape=(3, 224, 224), num_outputs=1000, options={})
    count = 0
    blocks = [
        path for path, module in model.named_modules() if isinstance(module, Inception)
    ]
    for path, module in model.named_modules():
        is_beside = any(word in path for word in ("shortcut", "aux"))
        is_inside = any(path.startswith(f"{block}.") for block in blocks)
        if isinstance(module, nn.Conv2d | nn.Linear) and not is_beside and not is_inside:
            count += 1
    return count + 2 * len(blocks)  # each of its paths has one or two convolutions


def _gain(kind: str) -> Callable[[Arms], float]:
    return lambda arms: arms["published, 18 and 34 layers"][kind]


def _by_depth(bench: Bench, seed: int) -> Numbers:
    """Return by how many points 34 layers are better than 18."""
    return {kind: errors[18] - errors[34] for kind, errors in TOP_1.items()}


def _largest_step(key: str, arms: Arms, sign: int = 1) -> float:
    return max(sign * (b - a) for a, b in pairwise(arms["published winners"][key]))


def _plot(figure: Figure, results: Results) -> None:
    plots = figure.subplot_mosaic(
        [["depth", "alone"], ["error", "alone"]], width_ratios=(3, 1), height_ratios=(1, 2)
    )
    depth, error, alone = plots["depth"], plots["error"], plots["alone"]
    places = range(len(PUBLISHED))
    colors = [COLORS[0] if winner.layers else "0.6" for winner in PUBLISHED]
    error.bar(places, [winner.error for winner in PUBLISHED], color=colors, width=0.6)
    networks = [place for place in places if PUBLISHED[place].layers]
    layers = [PUBLISHED[place].layers for place in networks]
    depth.plot(networks, layers, "o-", color=COLORS[1])
    for place, winner in zip(places, PUBLISHED, strict=True):
        error.text(
            place, winner.error + 0.4, f"{winner.error:.3g}", ha="center", fontsize=9
        )
        if winner.layers:
            depth.text(
                place, winner.layers + 12, f"{winner.layers}", ha="center", fontsize=9
            )
    names = [f"{winner.year}\n{winner.name}" for winner in PUBLISHED]
    depth.set_xticks(places, [""] * len(names))
    error.set_xticks(places, names, fontsize=8)
    depth.set_xlim(-0.5, len(PUBLISHED) - 0.5)
    error.set_xlim(-0.5, len(PUBLISHED) - 0.5)
    depth.set_ylim(0, 190)
    error.set_ylim(0, 32)
    label(depth, "", "layers", "ImageNet's challenge, as published")
    label(error, "", "top-5 error (%)")
    figure.align_ylabels([depth, error])
    for (kind, errors), color in zip(TOP_1.items(), (COLORS[3], COLORS[2]), strict=True):
        alone.plot(list(errors), list(errors.values()), "o-", color=color, label=kind)
    alone.set_xticks([18, 34])
    alone.set_ylim(24, 30)
    alone.legend()
    label(alone, "layers", "top-1 error (%)", "Depth alone")


EXPERIMENT = Experiment(
    name="imagenet-depth",
    claim="From 2010 to 2015 the best entries of ImageNet's challenge became deeper and "
    "better, which depth alone would not have done.",
    source='He et al., "Deep Residual Learning", 2015, tables 2 and 5',
    arms={
        "published winners": _published,
        "published, 18 and 34 layers": _by_depth,
        "our networks": _counted,
    },
    requirements=(
        Requirement(
            text="the error falls from each winner to the next (largest step, points)",
            value=lambda arms: _largest_step("error", arms),
            below=0.0,
        ),
        Requirement(
            text="the depth never falls (largest step down, layers)",
            value=lambda arms: _largest_step("layers", arms, -1),
            below=0.5,
        ),
        Requirement(
            text="our networks have the published depths (largest difference, layers)",
            value=lambda arms: max(
                abs(arms["our networks"][winner.name] - winner.layers)
                for winner in PUBLISHED
                if winner.name in MODELS
            ),
            below=0.5,
        ),
        Requirement(
            text="34 residual layers beat 18 by over 2 points of top-1 error",
            value=_gain("residual"),
            above=2.0,
        ),
        Requirement(
            text="34 plain layers do not beat 18",
            value=_gain("plain"),
            below=0.0,
            is_control=True,
        ),
    ),
    plot=_plot,
    is_exact=True,
    note="The errors are the published ones: nothing is trained here. Only the depths are "
    "counted in our networks.",
)
