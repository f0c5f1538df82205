"""The pooling that torch lacks.

Max, average, L2 and fractional max pooling are `torch.nn.MaxPool2d`, `AvgPool2d`,
`LPPool2d(2, ...)` (the root of the sum of squares, not of their mean) and
`FractionalMaxPool2d`.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class StochasticPool2d(nn.Module):
    """One activation of each window, drawn with a probability proportional to its size.

    p_i = a_i / sum(a). In training mode y = a_l with l drawn from p; in evaluation mode its
    mean y = sum of p_i a_i. Activations below zero count as zero, as behind a ReLU, and a
    window of zeros gives zero. The draw is from the global generator of the device.

    Args:
        kernel_size: Side of a window.
        stride: Pixels between two windows. Defaults to `kernel_size`.
        padding: Rows and columns of zeros on each side, which are never drawn.

    Raises:
        ValueError: If a size is out of range.

    Reference:
        Zeiler and Fergus, "Stochastic Pooling for Regularization of Deep Convolutional
        Neural Networks", 2013, equations 3 to 6. arXiv:1301.3557.

    Example:
        >>> pool = StochasticPool2d(2).eval()
        >>> pool(torch.tensor([[[[1.0, 0.0], [0.0, 3.0]]]])).item()  # 1/4 * 1 + 3/4 * 3
        2.5
    """

    def __init__(
        self, kernel_size: int, *, stride: int | None = None, padding: int = 0
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        if min(self.kernel_size, self.stride) < 1 or not 0 <= 2 * padding <= kernel_size:
            raise ValueError(
                "kernel_size and stride must be at least 1 and padding from 0 to half of "
                f"kernel_size, got {kernel_size}, {self.stride} and {padding}"
            )

    def forward(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels out_height out_width"]:
        """Return one activation of each window, or their mean."""
        windows = self._windows(x.relu())
        total = windows.sum(dim=-1, keepdim=True)
        if not self.training:
            share = windows / torch.where(total == 0, 1.0, total)
            return (share * windows).sum(dim=-1)
        # The first place at which the running sum passes a uniform share of the total.
        # In float32, because bfloat16 has too few uniform numbers.
        running = windows.detach().float().cumsum(dim=-1)
        threshold = torch.rand_like(running[..., -1:]) * running[..., -1:]
        drawn = (running > threshold).to(torch.uint8).argmax(dim=-1, keepdim=True)
        return windows.gather(-1, drawn).squeeze(-1)

    def extra_repr(self) -> str:
        """Return what `print` shows between the brackets."""
        return f"{self.kernel_size}, stride={self.stride}, padding={self.padding}"

    def _windows(self, x: Tensor) -> Tensor:
        x = F.pad(x, (self.padding,) * 4)
        windows = x.unfold(2, self.kernel_size, self.stride)
        return windows.unfold(3, self.kernel_size, self.stride).flatten(4)
