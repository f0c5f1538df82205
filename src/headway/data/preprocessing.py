"""Modules that turn raw inputs into what the model sees, with statistics as buffers.

Whole numbers (uint8) are first scaled to 0..1; floating-point inputs are taken as they are.
The statistics belong to that scale.
"""

import math
from abc import ABC, abstractmethod
from typing import Literal, get_args

import torch
from jaxtyping import Float, Float32, Shaped
from torch import Tensor, nn

from headway.errors import RecipeError, did_you_mean

PreprocessingKind = Literal[
    "none", "pixel-mean", "channel-mean", "channel-mean-std", "standardize", "pca", "zca"
]

# A covariance of 8192 features is 0.5 GiB in float64, and its eigenvectors take minutes.
MAX_WHITENING_FEATURES = 8192


class Preprocessing(nn.Module, ABC):
    """A map from raw inputs to float32 inputs of the same shape, without parameters."""

    @abstractmethod
    def forward(
        self, inputs: Shaped[Tensor, "batch *shape"]
    ) -> Float32[Tensor, "batch *shape"]:
        """Return `inputs` (uint8 or floating point) as the model sees them."""


class UnitScale(Preprocessing):
    """Scale uint8 to 0..1, leave tokens (int64) alone, and nothing else."""

    def forward(
        self, inputs: Shaped[Tensor, "batch *shape"]
    ) -> Shaped[Tensor, "batch *shape"]:
        """Return `inputs` as float32; tokens as they are."""
        return inputs if inputs.dtype == torch.int64 else scale_to_unit(inputs)


class Centering(Preprocessing):
    """Subtract a mean: y = x - mean.

    Args:
        mean: Mean of every input, or of every channel with sizes of 1 for the rest.

    Reference:
        Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural
        Networks", 2012, section 2 (mean per pixel); Simonyan and Zisserman, "Very Deep
        Convolutional Networks", 2014, section 2.1 (mean per channel). arXiv:1409.1556.
    """

    mean: Tensor

    def __init__(self, mean: Float[Tensor, "*shape"]) -> None:
        super().__init__()
        self.register_buffer("mean", mean.to(torch.float32))

    def forward(
        self, inputs: Shaped[Tensor, "batch *shape"]
    ) -> Float32[Tensor, "batch *shape"]:
        """Return the centered `inputs`."""
        return scale_to_unit(inputs).sub_(self.mean)


class Standardization(Preprocessing):
    """Subtract a mean and divide by a standard deviation: y = (x - mean) / std.

    What does not vary, up to the precision of float32, is centered and not scaled.

    Args:
        mean: Mean of every input, or of every channel with sizes of 1 for the rest.
        std: Standard deviation, of the same shape.

    Reference:
        LeCun et al., "Efficient BackProp", 1998, section 4.3.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Float[Tensor, "*shape"], std: Float[Tensor, "*shape"]) -> None:
        super().__init__()
        self.register_buffer("mean", mean.to(torch.float32))
        is_constant = std <= torch.finfo(torch.float32).eps * mean.abs()
        self.register_buffer("std", std.masked_fill(is_constant, 1.0).to(torch.float32))

    def forward(
        self, inputs: Shaped[Tensor, "batch *shape"]
    ) -> Float32[Tensor, "batch *shape"]:
        """Return the standardized `inputs`."""
        return scale_to_unit(inputs).sub_(self.mean).mul_(1 / self.std)


class Whitening(Preprocessing):
    """Subtract the mean and decorrelate: y = (x - mean) W on flattened inputs.

    Images are flattened for it and folded back, so that the shape stays. After ZCA they
    still look like images; after PCA the values are components, by falling variance, and
    have no place in the image any more.

    Args:
        mean: Mean of every input.
        matrix: W; column k makes output k.

    Reference:
        Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009,
        appendix A (ZCA).
    """

    mean: Tensor
    matrix: Tensor

    def __init__(
        self, mean: Float[Tensor, "*shape"], matrix: Float[Tensor, "features features"]
    ) -> None:
        super().__init__()
        self.register_buffer("mean", mean.to(torch.float32))
        self.register_buffer("matrix", matrix.to(torch.float32))

    def forward(
        self, inputs: Shaped[Tensor, "batch *shape"]
    ) -> Float32[Tensor, "batch *shape"]:
        """Return the whitened `inputs`."""
        centered = scale_to_unit(inputs).sub_(self.mean)
        return (centered.flatten(1) @ self.matrix).view_as(centered)


def scale_to_unit(
    inputs: Shaped[Tensor, "batch *shape"], dtype: torch.dtype = torch.float32
) -> Float[Tensor, "batch *shape"]:
    """Return a copy of `inputs` in `dtype`, with uint8 scaled to 0..1."""
    # A cast and then changes in place are several times faster than mixed-type arithmetic.
    copy = inputs.to(dtype, copy=True)
    return copy.mul_(1 / 255) if inputs.dtype == torch.uint8 else copy


def build_preprocessing(kind: str, input_shape: tuple[int, ...]) -> Preprocessing:
    """Build a preprocessing that has its shapes, but not its statistics yet.

    Args:
        kind: What to do; see `fit_preprocessing`.
        input_shape: Shape of one sample.

    Returns:
        A module for `load_state_dict`; until then it only scales and casts.

    Raises:
        RecipeError: If the kind is unknown or does not suit inputs of this shape.

    Example:
        >>> list(build_preprocessing("channel-mean", (3, 32, 32)).state_dict())
        ['mean']
    """
    check_preprocessing(kind, input_shape)
    shape = statistics_shape(kind, input_shape)
    mean = torch.zeros(shape)
    if kind == "none":
        return UnitScale()
    if kind in ("pixel-mean", "channel-mean"):
        return Centering(mean)
    if kind in ("channel-mean-std", "standardize"):
        return Standardization(mean, torch.ones(shape))
    return Whitening(mean, torch.eye(math.prod(shape)))


def statistics_shape(kind: str, input_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of the mean: one number per channel, or one per input."""
    if kind.startswith("channel-"):
        return (input_shape[0], *(1 for _ in input_shape[1:]))
    return input_shape


def check_preprocessing(kind: str, input_shape: tuple[int, ...]) -> None:
    """Raise a RecipeError if `kind` is unknown or does not suit inputs of this shape."""
    known = get_args(PreprocessingKind)
    if kind not in known:
        raise RecipeError(
            f"unknown preprocessing {kind!r}.{did_you_mean(kind, known)} "
            f"It is one of: {', '.join(known)}"
        )
    if kind.startswith("channel-") and len(input_shape) != 3:
        raise RecipeError(
            f"preprocessing {kind!r} needs images (channels, height, width), and the "
            f"inputs have shape {input_shape}: use 'standardize', which works per feature"
        )
    features = math.prod(input_shape)
    if kind in ("pca", "zca") and features > MAX_WHITENING_FEATURES:
        raise RecipeError(
            f"preprocessing {kind!r} needs a matrix of {features} x {features} for inputs "
            f"of shape {input_shape}, and takes at most {MAX_WHITENING_FEATURES} features: "
            "use smaller images or another preprocessing such as 'channel-mean-std'"
        )
