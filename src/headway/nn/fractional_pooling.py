"""Max pooling that shrinks an image by a factor between 1 and 2."""

import math
from functools import reduce
from itertools import product
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class FractionalMaxPool(nn.Module):
    """Maximum over random regions; sides shrink from n to floor(n / alpha).

    Both sides are cut at edges whose distances are 1 or 2. "random" puts the ones and twos
    in any order; "pseudorandom" spreads them evenly with a random start,
    a_i = ceil(alpha (i + u)). Overlapping regions take in the pixels at both edges, so that
    their sides are 2 or 3 pixels; disjoint ones have 1 or 2. Every image has regions of its
    own, shared by its channels.

    The regions are random in evaluation mode too: average several outputs, for instance with
    `monte_carlo`. torch.nn.FractionalMaxPool2d is another form: its regions are all of one
    size, always overlapping and pseudorandom, and differ between channels. The paper's
    disjoint regions leave out the last row and column; here they cover the image.

    Args:
        alpha: What sides are divided by, between 1 and 2.
        overlapping: Whether neighboring regions share the pixels at their edge.
        order: Order of the ones and twos. With dropout or heavy augmentation the paper saw
            "random" underfit, and found "pseudorandom" better.

    Raises:
        ValueError: If `alpha` is not between 1 and 2, or an image has a side that `alpha`
            does not fit.

    Reference:
        Graham, "Fractional Max-Pooling", 2014, section 2. arXiv:1412.6071.

    Example:
        >>> FractionalMaxPool(alpha=2**0.5)(torch.rand(8, 3, 36, 25)).shape
        torch.Size([8, 3, 25, 17])
    """

    def __init__(
        self,
        *,
        alpha: float = math.sqrt(2.0),
        overlapping: bool = True,
        order: Literal["random", "pseudorandom"] = "pseudorandom",
    ) -> None:
        super().__init__()
        if not 1 < alpha < 2:
            raise ValueError(f"alpha must be above 1 and below 2, got {alpha}")
        self.alpha = alpha
        self.overlapping = overlapping
        self.order = order

    def forward(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels out_height out_width"]:
        """Return the maxima of the regions of each image."""
        rows, columns = (self._pixels(len(x), side, x.device) for side in x.shape[2:])
        images = torch.arange(len(x), device=x.device)[:, None, None]
        pixels = x.movedim(1, -1)
        maxima = reduce(
            torch.maximum,
            (
                pixels[images, row[:, :, None], column[:, None, :]]
                for row, column in product(rows, columns)
            ),
        )
        is_channels_last = x.is_contiguous(memory_format=torch.channels_last)
        layout = torch.channels_last if is_channels_last else torch.contiguous_format
        return maxima.movedim(-1, 1).contiguous(memory_format=layout)

    def extra_repr(self) -> str:
        """Return what `print` shows between the brackets."""
        return (
            f"alpha={self.alpha:.4g}, overlapping={self.overlapping}, order={self.order!r}"
        )

    def _pixels(
        self, num_images: int, side: int, device: torch.device
    ) -> list[Int[Tensor, "images regions"]]:
        """Return the first, any second and the last pixel of each region."""
        edges = self._edges(num_images, side, device)
        first = edges[:, :-1]
        if not self.overlapping:
            return [first, edges[:, 1:] - 1]
        return [first, (first + 1).minimum(edges[:, 1:]), edges[:, 1:]]

    def _edges(
        self, num_images: int, side: int, device: torch.device
    ) -> Int[Tensor, "images edges"]:
        """Return rising numbers of pixels: from 0 by steps of 1 and 2 to the last one."""
        num_regions = int(side / self.alpha)
        length = side - self.overlapping
        if not 0 < num_regions <= length <= 2 * num_regions:
            raise ValueError(
                f"a side of {side} pixels cannot be cut into {num_regions} regions of alpha "
                f"{self.alpha:.4g}: use larger images or an alpha nearer to 1.5"
            )
        if self.order == "random":
            places = torch.rand(num_images, num_regions, device=device).argsort(dim=1)
            steps = 1 + (places < length - num_regions).long()
            return nn.functional.pad(steps.cumsum(dim=1), (1, 0))
        # ceil(alpha (i + u)) in whole numbers: alpha = length / num_regions, and the start
        # alpha u matters only through ceil(length u).
        start = torch.randint(1, length + 1, (num_images, 1), device=device)
        points = length * torch.arange(num_regions + 1, device=device) + start
        rounded_up = (points + num_regions - 1) // num_regions
        return rounded_up - rounded_up[:, :1]
