"""Convolution by the Fourier transform, of the whole image or piece by piece."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

# Sides of the pieces of overlap-add, in kernels: the transform of a piece is then at most
# (1 + 1/4)**2 = 1.6 times as large as the piece.
_KERNELS_PER_PIECE = 4
_SMALLEST_PIECE = 16


def fft_conv2d(
    x: Float[Tensor, "batch in_channels height width"],
    weight: Float[Tensor, "out_channels in_channels kernel_height kernel_width"],
    bias: Float[Tensor, " out_channels"] | None = None,
    *,
    padding: int = 0,
) -> Float[Tensor, "batch out_channels out_height out_width"]:
    """Return `torch.nn.functional.conv2d(x, weight, bias)`, computed by Fourier transforms.

    y = irfft(sum over channels of rfft(x) * conj(rfft(w))): a correlation is a product with
    the conjugate. For a d x d image it takes about d**2 log d steps for any kernel, where
    the sum over the window takes d**2 k**2, so it wins for large kernels only. Circular
    wrap-around meets none of the outputs that are returned. float16 and bfloat16 are
    computed in float32, since there is no transform of them everywhere.

    Args:
        x: Images.
        weight: Kernels, no larger than the padded image.
        bias: What is added to each output channel.
        padding: Rows and columns of zeros on each side.

    Raises:
        ValueError: If the kernel is larger than the padded image.

    Reference:
        Mathieu et al., "Fast Training of Convolutional Networks through FFTs", 2013.
        arXiv:1312.5851.

    Example:
        >>> x, weight = torch.rand(1, 3, 16, 16), torch.rand(4, 3, 7, 7)
        >>> torch.allclose(fft_conv2d(x, weight), F.conv2d(x, weight), atol=1e-4)
        True
    """
    images, kernels = _prepared(x, weight, padding)
    height, width = _valid(images, kernels)
    size = [_fast_length(side) for side in images.shape[2:]]
    product = _product(images, kernels, size)
    return _finished(torch.fft.irfft2(product, size)[..., :height, :width], bias, x.dtype)


def overlap_add_conv2d(
    x: Float[Tensor, "batch in_channels height width"],
    weight: Float[Tensor, "out_channels in_channels kernel_height kernel_width"],
    bias: Float[Tensor, " out_channels"] | None = None,
    *,
    padding: int = 0,
    piece: int | None = None,
) -> Float[Tensor, "batch out_channels out_height out_width"]:
    """Return `torch.nn.functional.conv2d(x, weight, bias)` by transforms of small pieces.

    The image is cut into pieces of P x P pixels. Each is convolved on its own, which makes
    it grow by k - 1, and the results are added where they overlap: d**2 log P steps in place
    of d**2 log d, and a kernel spectrum of P**2 in place of d**2 numbers. float16 and
    bfloat16 are computed in float32.

    Args:
        x: Images.
        weight: Kernels, no larger than the padded image.
        bias: What is added to each output channel.
        padding: Rows and columns of zeros on each side.
        piece: Side P of the pieces. Defaults to four kernels, at least 16 pixels
            and at most the image.

    Raises:
        ValueError: If the kernel is larger than the padded image or `piece` is below 1.

    Reference:
        Highlander and Rodriguez, "Very Efficient Training of Convolutional Neural Networks
        using Fast Fourier Transform and Overlap-and-Add", 2015. arXiv:1601.06815.
    """
    images, kernels = _prepared(x, weight, padding)
    height, width = _valid(images, kernels)
    overlap = [side - 1 for side in kernels.shape[2:]]
    if piece is None:
        default = max(_SMALLEST_PIECE, _KERNELS_PER_PIECE * (max(overlap) + 1))
        piece = min(default, max(images.shape[2:]))
    if piece < 1:
        raise ValueError(f"piece must be at least 1, got {piece}")
    grown = [piece + more for more in overlap]
    size = [_fast_length(side) for side in grown]
    pieces, counts = _cut(images, piece)
    # The adjoint of cutting adds the pieces up again; a full convolution needs the kernel
    # turned round, because the product below correlates.
    product = _product(pieces, kernels.flip(2, 3), size, conjugate=False)
    full = torch.fft.irfft2(product, size)[..., : grown[0], : grown[1]]
    whole = _add_up(full, counts, piece, batch=len(images))
    inside = whole[..., overlap[0] : overlap[0] + height, overlap[1] : overlap[1] + width]
    return _finished(inside, bias, x.dtype)


def _prepared(x: Tensor, weight: Tensor, padding: int) -> tuple[Tensor, Tensor]:
    is_small = x.dtype in (torch.float16, torch.bfloat16)
    dtype = torch.float32 if is_small else x.dtype
    return F.pad(x.to(dtype), (padding,) * 4), weight.to(dtype)


def _valid(images: Tensor, kernels: Tensor) -> tuple[int, int]:
    """Return the sides of the output."""
    height, width = (
        side - k + 1 for side, k in zip(images.shape[2:], kernels.shape[2:], strict=True)
    )
    if min(height, width) < 1:
        raise ValueError(
            f"a kernel of {tuple(kernels.shape[2:])} does not fit a padded image of "
            f"{tuple(images.shape[2:])}; take a smaller kernel or more padding"
        )
    return height, width


def _product(
    images: Tensor, kernels: Tensor, size: list[int], *, conjugate: bool = True
) -> Tensor:
    """Multiply the spectra and sum over the input channels, a small product per frequency."""
    spectrum = torch.fft.rfft2(kernels, size)
    return torch.einsum(
        "bchw,jchw->bjhw",
        torch.fft.rfft2(images, size),
        spectrum.conj() if conjugate else spectrum,
    )


def _cut(images: Tensor, piece: int) -> tuple[Tensor, tuple[int, int]]:
    """Return pieces (batch * rows * columns, channels, piece, piece) and their counts."""
    height, width = images.shape[2:]
    rows, columns = -(-height // piece), -(-width // piece)
    images = F.pad(images, (0, columns * piece - width, 0, rows * piece - height))
    pieces = images.unflatten(2, (rows, piece)).unflatten(4, (columns, piece))
    return pieces.permute(0, 2, 4, 1, 3, 5).flatten(0, 2), (rows, columns)


def _add_up(full: Tensor, counts: tuple[int, int], piece: int, *, batch: int) -> Tensor:
    """Lay the grown pieces at their places and add them where they overlap."""
    rows, columns = counts
    kernel_size = (full.shape[2], full.shape[3])
    size = (
        (rows - 1) * piece + kernel_size[0],
        (columns - 1) * piece + kernel_size[1],
    )
    blocks = full.unflatten(0, (batch, rows * columns)).flatten(2)
    return F.fold(blocks.transpose(1, 2), size, kernel_size, stride=piece)


def _finished(y: Tensor, bias: Tensor | None, dtype: torch.dtype) -> Tensor:
    if bias is not None:
        y = y + bias.to(y.dtype)[:, None, None]
    return y.to(dtype)


def _fast_length(length: int) -> int:
    """Return the next length whose prime factors are 2, 3 and 5, which transforms like."""
    while True:
        rest = length
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return length
        length += 1
