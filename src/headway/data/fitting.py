"""The statistics of a preprocessing, gathered from the training part in one pass."""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from jaxtyping import Float64, Shaped
from torch import Tensor

from headway.data.augmentation import ColorDirections
from headway.data.image_stack import stack_images
from headway.data.preprocessing import (
    Centering,
    Preprocessing,
    Standardization,
    UnitScale,
    Whitening,
    check_preprocessing,
    scale_to_unit,
    statistics_shape,
)
from headway.data.splits import ArraySplit, Split
from headway.errors import DataError

# Chunks of 32 MiB in float64: far more than the cost of a call, far less than the memory.
_CHUNK_VALUES = 1 << 22


def fit_preprocessing(kind: str, train: Split, *, eps: float = 1e-5) -> Preprocessing:
    """Fit a preprocessing to the training part, in float64 and in chunks.

    Args:
        kind: "none" scales uint8 to 0..1; "pixel-mean" and "channel-mean" subtract a mean;
            "channel-mean-std" and "standardize" (per input) also divide by the standard
            deviation; "pca" and "zca" whiten.
        train: The samples to learn the statistics from.
        eps: Added to the variances of "pca" and "zca", on the scale of the inputs (0..1
            for uint8), against the noise in directions of little variance.

    Raises:
        RecipeError: If the kind is unknown or does not suit these inputs.
        DataError: If a file cannot be read, or a value is not finite.
        ValueError: If there is no sample, or `eps` is negative.

    Example:
        >>> split = ArraySplit(torch.tensor([[1.0], [3.0]]), torch.tensor([0, 1]))
        >>> fit_preprocessing("standardize", split)(split.inputs)
        tensor([[-1.],
                [ 1.]])
    """
    if eps < 0:
        raise ValueError(f"eps must not be negative, got {eps}")
    if len(train) == 0:
        raise ValueError(
            "a preprocessing is fitted to at least one sample, got an empty split"
        )
    check_preprocessing(kind, train.input_shape)
    if kind == "none":
        return UnitScale()
    is_whitening = kind in ("pca", "zca")
    moments = _gather_moments(kind, train, joint=is_whitening)
    mean = moments.mean.view(statistics_shape(kind, train.input_shape))
    if is_whitening:
        matrix = whitening_matrix(moments.covariance, eps=eps, rotate_back=kind == "zca")
        return Whitening(mean, matrix)
    if kind in ("channel-mean-std", "standardize"):
        return Standardization(mean, moments.covariance.sqrt().view_as(mean))
    return Centering(mean)


def fit_color_directions(train: Split) -> ColorDirections:
    """Find the principal colors of the training part, for `ColorJitter`.

    Returns:
        A matrix whose column k is the k-th eigenvector of the covariance of the channels
        times its eigenvalue, by falling variance; uint8 counts as 0..1.

    Raises:
        DataError: If a file cannot be read, or a value is not finite.
        ValueError: If there is no sample.

    Reference:
        Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural
        Networks", 2012, section 4.1.

    Example:
        >>> gray = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1)
        >>> fit_color_directions(ArraySplit(gray, torch.tensor([0, 1])))
        ((0.25,),)
    """
    if len(train) == 0:
        raise ValueError("principal colors need at least one image, got an empty split")
    covariance = _gather_moments("channel-", train, joint=True).covariance
    variances, vectors = torch.linalg.eigh(covariance)
    columns = vectors.flip(1) * variances.flip(0).clamp(min=0)
    return tuple(tuple(row) for row in columns.tolist())


def whitening_matrix(
    covariance: Float64[Tensor, "features features"], *, eps: float, rotate_back: bool
) -> Float64[Tensor, "features features"]:
    """Return W = U diag(1 / sqrt(variances + eps)), times U' where `rotate_back`.

    U holds the eigenvectors of the covariance by falling variance, each with a positive
    largest entry. Directions without variance are not scaled.

    Args:
        covariance: Symmetric and positive semi-definite.
        eps: Added to the variances.
        rotate_back: True for ZCA, whose W is symmetric; False for PCA.
    """
    variances, vectors = torch.linalg.eigh(covariance)
    variances, vectors = variances.flip(0), vectors.flip(1)
    largest = vectors.gather(0, vectors.abs().argmax(dim=0, keepdim=True))
    vectors = vectors * largest.sign()
    # Below this, a variance cannot be told from the rounding of the covariance.
    noise = variances[0] * len(variances) * torch.finfo(torch.float64).eps
    scales = torch.where(variances > noise, (variances.clamp(min=0) + eps).rsqrt(), 1.0)
    return (vectors * scales) @ vectors.T if rotate_back else vectors * scales


@dataclass(frozen=True, slots=True)
class _Moments:
    """Mean and (co)variance of observations, mergeable with those of other observations.

    Reference:
        Chan et al., "Updating Formulae and a Pairwise Algorithm for Computing Sample
        Variances", 1979.
    """

    count: int
    mean: Float64[Tensor, " features"]
    # Sums of squares and products around the mean: one per feature, or one per pair.
    scatter: Float64[Tensor, "features *features_again"]

    @classmethod
    def of(
        cls, observations: Float64[Tensor, "observations features"], *, joint: bool
    ) -> "_Moments":
        mean = observations.mean(dim=0)
        centered = observations - mean
        scatter = centered.T @ centered if joint else centered.square().sum(dim=0)
        return cls(len(observations), mean, scatter)

    @property
    def covariance(self) -> Float64[Tensor, "features *features_again"]:
        """Covariance, or its diagonal where only that was gathered."""
        return self.scatter / self.count

    def merge(self, other: "_Moments") -> "_Moments":
        count = self.count + other.count
        shift = other.mean - self.mean
        product = torch.outer(shift, shift) if self.scatter.ndim == 2 else shift.square()
        return _Moments(
            count,
            self.mean + shift * (other.count / count),
            self.scatter + other.scatter + product * (self.count * other.count / count),
        )


def _gather_moments(kind: str, train: Split, *, joint: bool) -> _Moments:
    total: _Moments | None = None
    for chunk in _chunks(train):
        values = scale_to_unit(chunk, torch.float64)
        per_channel = kind.startswith("channel-")
        rows = values.movedim(1, -1).flatten(0, -2) if per_channel else values.flatten(1)
        moments = _Moments.of(rows, joint=joint)
        total = moments if total is None else total.merge(moments)
    assert total is not None
    if not (total.mean.isfinite().all() and total.scatter.isfinite().all()):
        raise DataError(
            "the inputs hold values that are not finite (NaN or infinity): remove or "
            "replace them before training"
        )
    return total


def _chunks(train: Split) -> Iterator[Shaped[Tensor, "chunk *shape"]]:
    size = max(1, _CHUNK_VALUES // math.prod(train.input_shape))
    if isinstance(train, ArraySplit):
        yield from train.inputs.split(size)
        return
    # Decoding leaves Python's lock, so that threads share the work.
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(train), size):
            numbers = range(start, min(start + size, len(train)))
            yield stack_images(train, numbers, pool.map(train.read, numbers))
