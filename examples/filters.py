"""Show what four small kernels do to a photograph.

The kernels are those of `headway.nn.demo_kernels`: original, sharpen, edges, strong edges. The
four pictures are written side by side to filters.png. Run it with: python examples/filters.py
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from sklearn.datasets import load_sample_image
from torch import Tensor

from headway.nn import demo_kernels

TARGET = Path("filters.png")


def load_gray() -> Tensor:
    """Return a photograph that scikit-learn brings, in gray from 0 to 1."""
    colors = torch.from_numpy(load_sample_image("china.jpg").copy())
    return colors.float().mean(dim=2) / 255


def filtered(image: Tensor, kernel: Tensor) -> Tensor:
    """Return the image after one kernel; what sums to zero is shown around middle gray."""
    x = F.pad(image[None, None], (1, 1, 1, 1), mode="replicate")
    y = F.conv2d(x, kernel[None, None])[0, 0]
    return (y if kernel.sum() > 0.5 else y + 0.5).clamp(0, 1)


def main() -> None:
    """Write the four pictures and say what is on them."""
    image = load_gray()
    kernels = demo_kernels()
    strip = torch.cat([filtered(image, kernel) for kernel in kernels.values()], dim=1)
    Image.fromarray((255 * strip).round().byte().numpy()).save(TARGET)
    print(f"{TARGET}: {', '.join(kernels)}")


if __name__ == "__main__":
    main()
