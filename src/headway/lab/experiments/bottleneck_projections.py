"""Projections on all shortcuts cost little in basic blocks and double bottleneck networks."""

from collections.abc import Callable
from functools import cache, partial

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.lab.timing import median_seconds
from headway.measure import multiply_adds, num_parameters
from headway.models import build_model
from headway.nn import Bottleneck, ShortcutB, ShortcutC

OPTIONS = ("A", "B", "C")
_SHAPE = (3, 224, 224)


@cache
def _sizes(name: str, option: str, stride_on: str) -> tuple[float, float]:
    """Return millions of parameters and billions of multiply-adds."""
    chosen = {"shortcut": option, **({"stride_on": stride_on} if stride_on else {})}
    with torch.device("meta"):
        model = build_model(name, input_shape=_SHAPE, num_outputs=1000, options=chosen)
    return num_parameters(model) / 1e6, multiply_adds(model, _SHAPE) / 1e9


def _count(name: str, stride_on: str = "") -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        sizes = [_sizes(name, option, stride_on) for option in OPTIONS]
        return {"millions": [size[0] for size in sizes], "billions": [s[1] for s in sizes]}

    return arm


def _timed(bench: Bench, seed: int) -> Numbers:
    """Time blocks of 256 channels on 56x56 pixels, where the shapes need no projection."""
    torch.manual_seed(seed)
    x = torch.randn(4, 256, 56, 56)
    blocks = {
        option: Bottleneck(256, 256, shortcut=shortcut)
        for option, shortcut in (("B", ShortcutB), ("C", ShortcutC))
    }
    return median_seconds({name: partial(block, x) for name, block in blocks.items()})


def _bars(axes: Axes, results: Results, key: str) -> None:
    for place, arm in enumerate(_SAYS):
        counts = results.first(arm)[key]
        for number, (option, count) in enumerate(zip(OPTIONS, counts, strict=True)):
            x = place + 0.27 * (number - 1)
            named = f"option {option}" if place == 0 else None
            axes.bar(x, count, 0.25, color=COLORS[number], label=named)
            axes.text(x, count, f"{count:.1f}", ha="center", va="bottom", fontsize=8)
    axes.set_xticks(range(len(_SAYS)), list(_SAYS.values()))


def _plot(figure: Figure, results: Results) -> None:
    left, middle, right = figure.subplots(1, 3)
    _bars(left, results, "millions")
    label(left, "", "parameters (millions)", "Size")
    left.legend(loc="upper left")
    _bars(middle, results, "billions")
    label(middle, "", "multiply-adds of one image (billions)", "Cost")
    for number, option in enumerate("BC", start=1):
        times = [1e3 * seconds for seconds in results.values("block", option)]
        right.bar(number, sum(times) / len(times), 0.6, color=COLORS[number])
        right.plot([number] * len(times), times, "k.")
    right.set_xticks((1, 2), ("option B", "option C"))
    label(right, "", "CPU time (ms), dots: seeds", "One block, 256 wide")


_SAYS = {"resnet-34": "resnet-34\n(basic)", "resnet-152": "resnet-152\n(bottleneck)"}


def _ratio(arm: str, key: str) -> Callable[[Arms], float]:
    """Option C in units of option B."""
    return lambda arms: arms[arm][key][2] / arms[arm][key][1]


def _least_growth(arms: Arms) -> float:
    first, second, third = arms["resnet-34"]["millions"]
    return min(second - first, third - second)


EXPERIMENT = Experiment(
    name="bottleneck-projections",
    claim="Projections on all shortcuts double the time and size of bottleneck networks.",
    source='He et al., "Deep Residual Learning", 2015, section 4.1, table 3, shortcuts A to C',
    arms={
        "resnet-34": _count("imagenet-resnet-34"),
        "resnet-152": _count("imagenet-resnet-152", stride_on="1x1"),
        "block": _timed,
    },
    requirements=(
        Requirement(
            text="option C of resnet-152 takes 1.7 to 2.1 times the multiply-adds of B",
            value=_ratio("resnet-152", "billions"),
            above=1.7,
            below=2.1,
        ),
        Requirement(
            text="it has 1.6 to 2.1 times the parameters",
            value=_ratio("resnet-152", "millions"),
            above=1.6,
            below=2.1,
        ),
        Requirement(
            text="a block of 256 channels takes 1.5 to 2.5 times as long with C as with B",
            value=lambda arms: arms["block"]["C"] / arms["block"]["B"],
            above=1.5,
            below=2.5,
        ),
        Requirement(
            text="from A to B to C the parameters of resnet-34 grow, by over 0.1 million each",
            value=_least_growth,
            above=0.1,
        ),
        Requirement(
            text="in resnet-34, of basic blocks, C takes less than 1.1 times what B takes",
            value=_ratio("resnet-34", "billions"),
            below=1.1,
            is_control=True,
        ),
    ),
    plot=_plot,
)
