"""Numbers of one call of one layer: its output, its gradient and its weight."""

from dataclasses import dataclass
from typing import Literal

LayerKind = Literal[
    "linear",
    "convolution",
    "norm",
    "activation",
    "attention",
    "recurrent",
    "embedding",
    "other",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputNumbers:
    """Numbers of the values that a layer gave for one batch.

    A unit is a feature of a linear layer or a channel of a convolution. Values that are not
    finite are left out of all but `finite_fraction`.

    Attributes:
        shape: Shape of the output.
        num_units: Length of the axis of units.
        num_samples: Length of the axis of samples.
        mean: Mean of all values.
        std: Standard deviation of all values.
        rms: Root of the mean square of all values.
        max_abs: Largest magnitude.
        percentiles: The 1st, 25th, 50th, 75th and 99th.
        finite_fraction: Values that are neither infinite nor NaN.
        zero_fraction: Values that are exactly 0.
        dead_fraction: Units that are never above 0.
        silent_fraction: Units that are exactly 0 for every sample.
        saturated_fraction: Values where a bounded function is nearly flat (tanh beyond .97,
            sigmoid outside .02 to .98), None for other functions.
        stuck_fraction: Units of which all values are on one flat side, None likewise.
        variation: How much the output depends on the sample: the RMS of the deviation from
            the mean over samples, as a fraction of `rms`. 0 if all samples give the same.
        correlation: Mean cosine between the representations of two samples.
        effective_rank: Exponential of the entropy of the singular values of the batch's
            representations, as a fraction of the largest possible, 0 to 1.
    """

    shape: tuple[int, ...]
    num_units: int
    num_samples: int
    mean: float
    std: float
    rms: float
    max_abs: float
    percentiles: tuple[float, float, float, float, float]
    finite_fraction: float
    zero_fraction: float
    dead_fraction: float
    silent_fraction: float
    saturated_fraction: float | None
    stuck_fraction: float | None
    variation: float
    correlation: float
    effective_rank: float


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightNumbers:
    """Numbers of the weight of a layer and of its gradient.

    Attributes:
        name: Name of the parameter, as `named_parameters` has it.
        shape: Shape of the weight.
        fan_in: Inputs of one unit.
        fan_out: Units that one input reaches, times the size of the kernel.
        mean: Mean of the weight.
        std: Standard deviation of the weight.
        norm: L2 norm of the weight.
        max_abs: Largest magnitude in the weight.
        bias_mean: Mean of the bias, None without one.
        bias_max_abs: Largest magnitude in the bias, None without one.
        duplicate_fraction: Units whose weights and bias equal those of another unit.
        twin_fraction: Units that equal another one in weights, bias and gradient, and so
            stay equal to it. 0 where there is no gradient.
        requires_grad: Whether the weight wants a gradient.
        grad_norm: L2 norm of its gradient, None where it got none.
    """

    name: str
    shape: tuple[int, ...]
    fan_in: int
    fan_out: int
    mean: float
    std: float
    norm: float
    max_abs: float
    bias_mean: float | None
    bias_max_abs: float | None
    duplicate_fraction: float
    twin_fraction: float
    requires_grad: bool
    grad_norm: float | None

    @property
    def he_std(self) -> float:
        """Standard deviation that He et al. (2015) give a weight before a ReLU."""
        return (2.0 / self.fan_in) ** 0.5

    @property
    def xavier_std(self) -> float:
        """Standard deviation that Glorot and Bengio (2010) give it."""
        return (2.0 / (self.fan_in + self.fan_out)) ** 0.5

    @property
    def relative_grad(self) -> float | None:
        """Norm of the gradient over the norm of the weight, None where either is missing."""
        if self.grad_norm is None or self.norm == 0.0:
            return None
        return self.grad_norm / self.norm


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerNumbers:
    """Numbers of one call of a layer, or of a function that acts as one.

    Attributes:
        name: Name of the module as `named_modules` has it; a function is named after the
            module that calls it ("block.relu", the second one "block.relu_1").
        module: Name of the module itself, or of the one that calls the function.
        kind: What it does.
        type_name: Class of the module, or name of the function.
        function: Which activation function it is ("relu", "tanh", "softmax"), "" if none.
        call: Number of this call of the same layer, from 0.
        is_training: Whether the module was in training mode.
        input_rms: Root of the mean square of its first input, None where it has no
            floating-point input.
        output: Numbers of the output.
        weight: Numbers of the weight, None without one.
        grad_rms: Root of the mean square of the gradient of the output, None where none
            came through.
    """

    name: str
    module: str
    kind: LayerKind
    type_name: str
    function: str = ""
    call: int = 0
    is_training: bool = True
    input_rms: float | None = None
    output: OutputNumbers
    weight: WeightNumbers | None = None
    grad_rms: float | None = None

    @property
    def has_weight(self) -> bool:
        """Whether it is a linear or convolutional layer with a weight."""
        return self.weight is not None and self.kind in ("linear", "convolution")
