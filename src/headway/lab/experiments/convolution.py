"""Convolution is a matrix, a product of spectra and a sum of pieces; which way is fastest."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import conv2d

from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.lab.timing import median_seconds
from headway.nn import convolution_matrix, fft_conv2d, overlap_add_conv2d

SIZES = (3, 5, 7, 11, 15, 31)
SIDE, CHANNELS = 256, 8
_WAYS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "direct": conv2d,
    "FFT": fft_conv2d,
    "overlap-add": overlap_add_conv2d,
}


def _by_matrix(x: Tensor, weight: Tensor, *, flip: bool = False) -> Tensor:
    """Multiply each image by the matrix of the kernels."""
    height, width = x.shape[2:]
    matrix = convolution_matrix(weight, (height, width), flip=flip)
    product = (matrix @ x.flatten(1).T).T
    return product.view(conv2d(x, weight).shape)


_SAME: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "matrix": _by_matrix,
    "FFT": fft_conv2d,
    "overlap-add": overlap_add_conv2d,
}


def _largest_difference(way: Callable[[Tensor, Tensor], Tensor]) -> float:
    found: list[float] = []
    for size in (1, 2, 3, 5, 7):
        x = torch.randn(2, 3, 17, 14, dtype=torch.float64)
        weight = torch.randn(4, 3, size, size, dtype=torch.float64)
        found.append(float((way(x, weight) - conv2d(x, weight)).abs().max()))
    return max(found)


def _equality(bench: Bench, seed: int) -> Numbers:
    torch.manual_seed(seed)
    return {name: _largest_difference(way) for name, way in _SAME.items()}


def _flipped(bench: Bench, seed: int) -> Numbers:
    torch.manual_seed(seed)
    return {"matrix": _largest_difference(partial(_by_matrix, flip=True))}


def _timing(channels: int) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        torch.manual_seed(seed)
        times = [_milliseconds(channels, size) for size in SIZES]
        return {way: [each[way] for each in times] for way in _WAYS}

    return arm


def _milliseconds(channels: int, size: int) -> dict[str, float]:
    """Return the median time of each way, in CPU time."""
    x = torch.randn(1, channels, SIDE, SIDE)
    weight = torch.randn(channels, channels, size, size)
    seconds = median_seconds({way: partial(f, x, weight) for way, f in _WAYS.items()})
    return {way: 1e3 * each for way, each in seconds.items()}


def _ratio(size: int) -> Callable[[Arms], float]:
    """Time of the FFT in units of the direct way."""

    def ratio(arms: Arms) -> float:
        times, index = arms["layer"], SIZES.index(size)
        return times["FFT"][index] / times["direct"][index]

    return ratio


def _plot(figure: Figure, results: Results) -> None:
    plots = figure.subplots(1, 2, sharey=True)
    titles = {
        "layer": f"Layer of {CHANNELS} to {CHANNELS} channels",
        "image": "One channel",
    }
    for axes, (arm, title) in zip(plots, titles.items(), strict=True):
        for way, color in zip(_WAYS, COLORS, strict=False):
            for number, times in enumerate(results.values(arm, way)):
                name = "" if number else way
                axes.loglog(SIZES, times, "o-", color=color, alpha=0.7, label=name)
        axes.set_xticks(SIZES, [str(size) for size in SIZES])
        axes.minorticks_off()
        label(axes, "side of the kernel (pixels)", "", title)
    plots[0].set_ylabel(f"CPU time for {SIDE}x{SIDE} pixels (ms)")
    plots[0].legend()


def _error(arms: Arms) -> float:
    return max(arms["equality"].values())


EXPERIMENT = Experiment(
    name="convolution",
    claim="Convolution is a sparse matrix; large kernels are faster by FFT, 3x3 directly.",
    source="MIT 6.867, lecture 11, computing convolutions; Mathieu et al., 2013",
    arms={
        "equality": _equality,
        "flipped kernel": _flipped,
        "layer": _timing(CHANNELS),
        "image": _timing(1),
    },
    requirements=(
        Requirement(
            text="matrix, FFT and overlap-add differ from the direct sum by less than 1e-10",
            value=_error,
            below=1e-10,
        ),
        Requirement(
            text="the matrix of the kernels turned round differs by more than 0.1",
            value=lambda arms: arms["flipped kernel"]["matrix"],
            above=0.1,
            is_control=True,
        ),
        Requirement(
            text="in a layer, FFT takes more than the time of the direct way at 3x3",
            value=_ratio(3),
            above=1.0,
        ),
        Requirement(
            text="it takes less than that at 31x31",
            value=_ratio(31),
            below=1.0,
        ),
    ),
    plot=_plot,
    note=(
        "The sizes at which the ways cross depend on the channels: of a single one the FFT is "
        "no slower at 5x5 already, as the direct way is made for many."
    ),
)
