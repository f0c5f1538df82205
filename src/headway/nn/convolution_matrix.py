"""A convolution written as the matrix that it is, and the size of what it returns."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def convolution_matrix(
    weight: Float[Tensor, "out_channels in_channels kernel_height kernel_width"],
    input_size: tuple[int, int],
    *,
    stride: int = 1,
    padding: int = 0,
    flip: bool = False,
) -> Float[Tensor, "outputs inputs"]:
    """Return the sparse matrix A with A x = conv2d(x), both flattened.

    y[j, p, q] = sum over c, i, k of w[j, c, i, k] * x[c, s p + i, s q + k]: what networks
    (and `torch.nn.functional.conv2d`) call convolution is a correlation; `flip=True` turns
    the kernel round and makes it the convolution of mathematics. A has a row for each output
    and a column for each input, of which in_channels * k**2 are not zero in a row, less
    where the window hangs over the edge. Its transpose is the adjoint, which is the backward
    pass with respect to x. Gradients reach `weight`. It is there to be looked at: how
    many numbers it holds depends on values, which torch.compile does not trace, and there is
    no sparse product in bfloat16.

    Args:
        weight: Kernels, as `torch.nn.Conv2d` has them.
        input_size: Height and width of the image.
        stride: Pixels between two windows.
        padding: Rows and columns of zeros on each side.
        flip: Turn the kernels by half a turn.

    Raises:
        ValueError: If the kernel is larger than the padded image.

    Reference:
        MIT 6.867, lecture 11: "convolution can be represented by a matrix of size
        d^2 x d^2, albeit a very sparse one". Its formula counts from 1 and has no stride.

    Example:
        >>> matrix = convolution_matrix(torch.ones(1, 1, 2, 2), (5, 5))
        >>> matrix.shape, matrix.coalesce().values().numel()
        (torch.Size([16, 25]), 64)
    """
    kernels = weight.flip(2, 3) if flip else weight
    out_channels, in_channels, *kernel_size = kernels.shape
    numbers = _pixel_numbers(in_channels, input_size, padding, weight.device)
    if any(k > side for k, side in zip(kernel_size, numbers.shape[2:], strict=True)):
        raise ValueError(
            f"a kernel of {tuple(kernel_size)} does not fit an image of {input_size} with "
            f"padding {padding}; take a smaller kernel or more padding"
        )
    columns = F.unfold(numbers, (kernel_size[0], kernel_size[1]), stride=stride)[0].long()
    num_windows = columns.shape[1]
    values = kernels.flatten(1)[:, :, None].expand(-1, -1, num_windows)
    rows = torch.arange(out_channels * num_windows, device=weight.device)
    rows = rows.view(out_channels, 1, num_windows).expand_as(values)
    columns = columns.expand_as(values)
    is_inside = columns > 0
    indices = torch.stack([rows[is_inside], columns[is_inside] - 1])
    height, width = input_size
    shape = (out_channels * num_windows, in_channels * height * width)
    # Torch 2.11 warns unless the checks are switched on or off for all that happens inside.
    with torch.sparse.check_sparse_tensor_invariants(False):
        return torch.sparse_coo_tensor(indices, values[is_inside], shape).coalesce()


def output_size(
    input_size: int,
    kernel_size: int,
    *,
    stride: int = 1,
    padding: int | tuple[int, int] = 0,
) -> int:
    """Return how many windows fit along one side: (n + padding - k) / stride + 1.

    Torch's convolutions leave out the pixels behind the last whole window; here the windows
    must reach the edge exactly.

    Args:
        input_size: Pixels n along the side.
        kernel_size: Pixels k of a window.
        stride: Pixels between two windows.
        padding: Zeros on each side, or before and after.

    Raises:
        ValueError: If the windows do not end at the edge.

    Reference:
        MIT 6.867, lecture 11, exercise on 5x5 pixels, 2x2 windows and stride 2.

    Example:
        >>> output_size(14, 4, stride=2)
        6
        >>> output_size(5, 2, stride=2, padding=(0, 1))
        3
    """
    before, after = (padding, padding) if isinstance(padding, int) else padding
    length = input_size + before + after
    steps, rest = divmod(length - kernel_size, stride)
    if steps < 0 or rest:
        windows = (length - kernel_size) / stride + 1
        more = max(kernel_size - length, -(length - kernel_size) % stride)
        helpful = (before + more // 2, after + more - more // 2)
        fitting = (length + more - kernel_size) // stride + 1
        raise ValueError(
            f"windows of {kernel_size} pixels at stride {stride} do not fit a side of "
            f"{input_size} with {before + after} zeros: ({length} - {kernel_size}) / "
            f"{stride} + 1 = {windows:g}; padding {helpful} makes it {fitting}"
        )
    return steps + 1


def _pixel_numbers(
    in_channels: int, input_size: tuple[int, int], padding: int, device: torch.device
) -> Tensor:
    """Return an image whose pixels are numbered from 1, with a border of zeros."""
    height, width = input_size
    count = in_channels * height * width
    # float64 holds every number up to 2**53, and unfold takes no integers.
    numbers = torch.arange(1, count + 1, dtype=torch.float64, device=device)
    return F.pad(numbers.view(1, in_channels, height, width), (padding,) * 4)
