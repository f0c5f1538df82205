"""The convolutions of residual blocks: without bias, as norm or scalars follow them."""

from torch import nn

# The 3x3 convolution of a bottleneck works on a quarter of the block's channels.
_REDUCTION = 4


def conv3x3(in_channels: int, out_channels: int, *, stride: int = 1) -> nn.Conv2d:
    """Return a 3x3 convolution that keeps the size of the image at stride 1."""
    return nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False)


def conv1x1(in_channels: int, out_channels: int, *, stride: int = 1) -> nn.Conv2d:
    """Return a 1x1 convolution."""
    return nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)


def bottleneck_width(out_channels: int) -> int:
    """Return the channels of the 3x3 convolution in a bottleneck of `out_channels`.

    Raises:
        ValueError: If `out_channels` is no positive multiple of 4.
    """
    width, rest = divmod(out_channels, _REDUCTION)
    if rest or width < 1:
        raise ValueError(
            f"out_channels must be a positive multiple of {_REDUCTION}, because the 3x3 "
            f"convolution has a quarter of them, got {out_channels}"
        )
    return width
