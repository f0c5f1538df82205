"""Backpropagated gradients agree with differences, and a wrong sign is noticed."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.measure import check_gradients
from headway.nn import (
    GRU,
    LSTM,
    UGRNN,
    BasicBlock,
    Bottleneck,
    LocallyConnected2d,
    Maxout,
    PreActivationBlock,
    Recurrent,
    VanillaRNN,
    batch_norm_backward,
    fft_conv2d,
)

_Gradients = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]


def _as_in_the_paper(g: Tensor, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    found = batch_norm_backward(g, x, weight)
    return found.input, found.weight, found.bias


def _statistics_fixed(
    g: Tensor, x: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Forget that mean and variance come from the batch."""
    scale = (x.var(0, correction=0) + 1e-5).rsqrt()
    return g * weight * scale, *_as_in_the_paper(g, x, weight)[1:]


class _NormFunction(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, gradients: _Gradients
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.gradients = gradients
        return F.batch_norm(x, None, None, weight, bias, training=True)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        return *ctx.gradients(grads[0], *ctx.saved_tensors), None


class _Norm(nn.Module):
    """Batch norm with gradients that are written out."""

    def __init__(self, gradients: _Gradients) -> None:
        super().__init__()
        self.gradients = gradients
        self.weight = nn.Parameter(torch.randn(4))
        self.bias = nn.Parameter(torch.randn(4))

    def forward(self, x: Tensor) -> Tensor:
        return _NormFunction.apply(x, self.weight, self.bias, self.gradients)  # pyright: ignore


class _WrongSign(torch.autograd.Function):
    """The identity, with the wrong sign in the gradient of the first sample."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        return torch.cat([-grads[0][:1], grads[0][1:]])


class _Planted(nn.Module):
    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Any:
        return self.block(_WrongSign.apply(x))  # pyright: ignore


class _FftConvolution(nn.Conv2d):
    def forward(self, input: Tensor) -> Tensor:
        return fft_conv2d(input, self.weight, self.bias)


class _CrossEntropy(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.cross_entropy(x, torch.arange(len(x)))


def _activation(make: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(nn.Linear(4, 6), make())


def _recurrent(cell: Callable[[int, int], Any]) -> Callable[[], nn.Module]:
    return lambda: Recurrent(cell, 4, 3, batch_first=True)


_ROWS, _IMAGES, _SERIES = (4, 4), (2, 4, 3, 3), (2, 5, 4)
# What is checked, and the shape of its input: at most 128 numbers, so that all are looked at.
BLOCKS: Mapping[str, tuple[tuple[int, ...], Callable[[], nn.Module]]] = {
    "sigmoid": (_ROWS, _activation(nn.Sigmoid)),
    "tanh": (_ROWS, _activation(nn.Tanh)),
    "ReLU": (_ROWS, _activation(nn.ReLU)),
    "leaky ReLU": (_ROWS, _activation(nn.LeakyReLU)),
    "PReLU": (_ROWS, _activation(nn.PReLU)),
    "ELU": (_ROWS, _activation(nn.ELU)),
    "SELU": (_ROWS, _activation(nn.SELU)),
    "GELU": (_ROWS, _activation(nn.GELU)),
    "maxout": (_ROWS, lambda: Maxout(4, 6)),
    "cross-entropy": (_ROWS, _CrossEntropy),
    "batch norm, the paper's formulas": (_ROWS, lambda: _Norm(_as_in_the_paper)),
    "batch norm of images": (_IMAGES, lambda: nn.BatchNorm2d(4)),
    "1x1 convolution": (_IMAGES, lambda: nn.Conv2d(4, 3, 1)),
    "convolution by FFT": (_IMAGES, lambda: _FftConvolution(4, 3, 2)),
    "locally connected": (_IMAGES, lambda: LocallyConnected2d(4, 2, 2, input_size=(3, 3))),
    "basic block": (_IMAGES, lambda: BasicBlock(4, 4)),
    "bottleneck, stride 2": (_IMAGES, lambda: Bottleneck(4, 8, stride=2)),
    "pre-activation block": (_IMAGES, lambda: PreActivationBlock(4, 4)),
    "vanilla RNN": (_SERIES, _recurrent(VanillaRNN)),
    "UGRNN": (_SERIES, _recurrent(UGRNN)),
    "GRU": (_SERIES, _recurrent(GRU)),
    "LSTM": (_SERIES, _recurrent(LSTM)),
}


def _error(block: nn.Module, shape: tuple[int, ...]) -> float:
    return check_gradients(block, torch.randn(shape), max_elements=128).max_error


def _arm(change: Callable[[nn.Module], nn.Module]) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        torch.manual_seed(seed)
        return {
            name: _error(change(make()), shape) for name, (shape, make) in BLOCKS.items()
        }

    return arm


def _forgetful(bench: Bench, seed: int) -> Numbers:
    torch.manual_seed(seed)
    return {"batch norm": _error(_Norm(_statistics_fixed), _ROWS)}


def _plot(figure: Figure, results: Results) -> None:
    axes = figure.subplots()
    rows = range(len(BLOCKS))
    for number, arms in enumerate(results.by_seed.values()):
        for (arm, says), marker, color in zip(_SAYS.items(), "os", COLORS, strict=False):
            errors = [max(arms[arm][name], 1e-16) for name in BLOCKS]
            axes.plot(
                errors, rows, marker, color=color, alpha=0.7, label="" if number else says
            )
    axes.axvline(1e-6, color="black", linestyle="--", label="what counts as correct")
    axes.set_yticks(rows, list(BLOCKS), fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    label(
        axes, "largest relative error of a gradient", "", "Backpropagation and differences"
    )
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)


_SAYS = {"right": "as it is", "wrong sign": "one sign wrong on purpose"}


def _largest(arms: Arms) -> float:
    return max(arms["right"].values())


EXPERIMENT = Experiment(
    name="gradient-checks",
    claim="Backpropagation gives the gradients that differences give, in every block.",
    source='Ioffe and Szegedy, "Batch Normalization", 2015, section 3; CS231n, gradient checks',
    arms={
        "right": _arm(lambda block: block),
        "wrong sign": _arm(_Planted),
        "fixed statistics": _forgetful,
    },
    requirements=(
        Requirement(
            text=f"the largest relative error in {len(BLOCKS)} blocks is below 1e-6",
            value=_largest,
            below=1e-6,
        ),
        Requirement(
            text="a wrong sign for one sample makes it at least 1 in every block",
            value=lambda arms: min(arms["wrong sign"].values()),
            above=1.0,
            is_control=True,
        ),
        Requirement(
            text="batch norm whose gradient takes mean and variance as fixed is off by 0.1",
            value=lambda arms: arms["fixed statistics"]["batch norm"],
            above=0.1,
            is_control=True,
        ),
    ),
    plot=_plot,
    size=(8.0, 5.5),
)
