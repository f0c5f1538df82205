"""The published sizes and costs of deep networks, counted."""

import torch
from matplotlib.figure import Figure

from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.measure import multiply_adds, num_parameters
from headway.models import build_model

# Millions of parameters in table 6 of the paper, by number of layers.
PUBLISHED = {20: 0.27, 32: 0.46, 44: 0.66, 56: 0.85, 110: 1.7, 1202: 19.4}
_CIFAR, _IMAGENET = (3, 32, 32), (3, 224, 224)


def _count(name: str, shape: tuple[int, ...], num_outputs: int, **options: str) -> Numbers:
    with torch.device("meta"):
        model = build_model(
            name, input_shape=shape, num_outputs=num_outputs, options=options
        )
    return {
        "millions": num_parameters(model) / 1e6,
        "billions": multiply_adds(model, shape) / 1e9,
    }


def _cifar(shortcut: str, most_layers: int) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        depths = [n for n in PUBLISHED if n <= most_layers]
        counts = {n: _count(f"resnet-{n}", _CIFAR, 10, shortcut=shortcut) for n in depths}
        return {str(n): each["millions"] for n, each in counts.items()}

    return arm


def _imagenet(name: str, **options: str) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        return _count(name, _IMAGENET, 1000, **options)

    return arm


def _largest_gap(arm: str, arms: Arms) -> float:
    gaps = [abs(count / PUBLISHED[int(n)] - 1) for n, count in arms[arm].items()]
    return max(gaps)


def _plot(figure: Figure, results: Results) -> None:
    left, right = figure.subplots(1, 2)
    counted = results.first("cifar, option A")
    depths = list(PUBLISHED)
    left.loglog(depths, list(PUBLISHED.values()), "o", color=COLORS[1], label="published")
    left.loglog(depths, [counted[str(n)] for n in depths], color=COLORS[0], label="counted")
    left.legend()
    label(left, "layers", "parameters (millions)", "Residual networks for CIFAR")
    names = list(_NETWORKS)
    costs = [results.first(name)["billions"] for name in names]
    right.barh(names, costs, color=COLORS[0])
    right.invert_yaxis()
    for row, cost in enumerate(costs):
        right.text(cost + 0.2, row, f"{cost:.1f}", va="center", fontsize=8)
    right.set_xlim(0, 24)
    label(right, "multiply-adds of one image (billions)", "", "Networks for ImageNet")


_OF_152 = {"stride_on": "1x1"}
_NETWORKS: dict[str, Arm] = {
    "vgg-16": _imagenet("vgg-16"),
    "vgg-19": _imagenet("vgg-19"),
    "plain-34": _imagenet("imagenet-plain-34"),
    "resnet-34": _imagenet("imagenet-resnet-34"),
    "resnet-152": _imagenet("imagenet-resnet-152", **_OF_152),
    "resnet-152, all projected": _imagenet("imagenet-resnet-152", shortcut="C", **_OF_152),
}


def _ratio(arms: Arms) -> float:
    return arms["resnet-152, all projected"]["billions"] / arms["resnet-152"]["billions"]


EXPERIMENT = Experiment(
    name="parameter-counts",
    claim="Residual networks are deeper than VGG nets and still smaller and cheaper.",
    source='He et al., "Deep Residual Learning", 2015, tables 1 and 6, section 3.3 and 4.1',
    arms={
        "cifar, option A": _cifar("A", 1202),
        "cifar, option C": _cifar("C", 110),
        **_NETWORKS,
    },
    requirements=(
        Requirement(
            text="sizes of resnet-20 to resnet-1202 differ from the published by under 2.5 %",
            value=lambda arms: _largest_gap("cifar, option A", arms),
            below=0.025,
        ),
        Requirement(
            text="with projections on all shortcuts one differs by over 2.5 %",
            value=lambda arms: _largest_gap("cifar, option C", arms),
            above=0.025,
            is_control=True,
        ),
        Requirement(
            text="vgg-19 takes 19.6 billion multiply-adds, within 0.05",
            value=lambda arms: abs(arms["vgg-19"]["billions"] - 19.6),
            below=0.05,
        ),
        Requirement(
            text="plain-34 takes 3.6 billion, within 0.05",
            value=lambda arms: abs(arms["plain-34"]["billions"] - 3.6),
            below=0.05,
        ),
        Requirement(
            text="resnet-152 takes 11.3 billion, within 0.05",
            value=lambda arms: abs(arms["resnet-152"]["billions"] - 11.3),
            below=0.05,
        ),
        Requirement(
            text="resnet-152 has fewer parameters than vgg-16, as a part of them",
            value=lambda arms: arms["resnet-152"]["millions"] / arms["vgg-16"]["millions"],
            below=1.0,
        ),
        Requirement(
            text="projections on all shortcuts of its bottlenecks double its cost (1.7 to 2.1)",
            value=_ratio,
            above=1.7,
            below=2.1,
        ),
    ),
    plot=_plot,
    is_exact=True,
)
