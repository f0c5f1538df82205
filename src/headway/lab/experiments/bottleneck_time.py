"""A bottleneck block costs about what a basic block of a quarter of its width costs."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from matplotlib.figure import Figure
from torch import nn

from headway.lab.bench import Bench
from headway.lab.experiment import Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.lab.timing import median_seconds
from headway.measure import multiply_adds
from headway.nn import BasicBlock, Bottleneck

_SIDE = 56
BLOCKS: Mapping[str, tuple[int, Callable[[int, int], nn.Module]]] = {
    "basic, 64 wide": (64, BasicBlock),
    "bottleneck, 256 wide": (256, Bottleneck),
    "basic, 256 wide": (256, BasicBlock),
}
_FIRST, _BOTTLENECK, _WIDE = BLOCKS


def _counted(bench: Bench, seed: int) -> Numbers:
    return {
        name: multiply_adds(make(width, width), (width, _SIDE, _SIDE)) / 1e6
        for name, (width, make) in BLOCKS.items()
    }


def _timed(bench: Bench, seed: int) -> Numbers:
    torch.manual_seed(seed)
    steps = {
        name: partial(_step, make(width, width), torch.randn(2, width, _SIDE, _SIDE))
        for name, (width, make) in BLOCKS.items()
    }
    return median_seconds(steps)


def _step(block: nn.Module, x: torch.Tensor) -> None:
    """Go forward and backward, as training does."""
    block(x).sum().backward()


def _ratio(arm: str, name: str) -> Callable[[Arms], float]:
    return lambda arms: arms[arm][name] / arms[arm][_FIRST]


def _plot(figure: Figure, results: Results) -> None:
    axes = figure.subplots()
    for number, (arm, says) in enumerate(_SAYS.items()):
        for row, name in enumerate(BLOCKS):
            ratios = [_ratio(arm, name)(arms) for arms in results.by_seed.values()]
            mean, height = sum(ratios) / len(ratios), row + 0.36 * number - 0.18
            named = says if row == 0 else None
            axes.barh(height, mean, 0.32, color=COLORS[number], label=named)
            axes.plot(ratios, [height] * len(ratios), "k.", markersize=4)
            axes.text(max(ratios) + 0.15, height, f"{mean:.2f}", va="center", fontsize=9)
    axes.axvline(1.0, color="black", linestyle="--", linewidth=1)
    axes.set_yticks(range(len(BLOCKS)), list(BLOCKS))
    axes.invert_yaxis()
    axes.legend()
    label(
        axes,
        "cost in units of the basic block of 64 channels",
        "",
        "Blocks on 56x56 pixels",
    )


_SAYS = {"counted": "multiply-adds", "timed": "CPU time of a training step (dots: seeds)"}


EXPERIMENT = Experiment(
    name="bottleneck-time",
    claim="A bottleneck of 256 channels takes about the time of a basic block of 64.",
    source='He et al., "Deep Residual Learning", 2015, section 4.1 and figure 5',
    arms={"counted": _counted, "timed": _timed},
    requirements=(
        Requirement(
            text="it takes 0.9 to 1.1 times the multiply-adds",
            value=_ratio("counted", _BOTTLENECK),
            above=0.9,
            below=1.1,
        ),
        Requirement(
            text="a training step of it takes less than 1.5 times as long",
            value=_ratio("timed", _BOTTLENECK),
            below=1.5,
        ),
        Requirement(
            text="a basic block of 256 channels takes more than 4 times as long",
            value=_ratio("timed", _WIDE),
            above=4.0,
            is_control=True,
        ),
    ),
    plot=_plot,
    note=(
        "The multiply-adds agree. On a CPU the bottleneck still takes about twice as long: "
        "batch norm, ReLU and the sum go over four times as many numbers, which no count of "
        "multiply-adds holds."
    ),
)
