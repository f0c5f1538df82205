"""Kernels that show by eye what a convolution does to an image."""

import torch
from jaxtyping import Float
from torch import Tensor


def demo_kernels() -> dict[str, Float[Tensor, "3 3"]]:
    """Return four 3x3 kernels by name: original, sharpen, edges, strong edges.

    Original and sharpen sum to 1 and so keep the brightness of an even area; the others sum
    to 0 and leave nothing of it. Edges is the discrete Laplacian, sharpen the image plus
    those edges, strong edges the Laplacian with diagonals at twice its size.

    Reference:
        MIT 6.867, lecture 11, figure "orig, sharpen, edge detect, strong edges", which
        prints pictures without their kernels.

    Example:
        >>> {name: int(kernel.sum()) for name, kernel in demo_kernels().items()}
        {'original': 1, 'sharpen': 1, 'edges': 0, 'strong edges': 0}
    """
    original = torch.zeros(3, 3)
    original[1, 1] = 1.0
    edges = torch.tensor([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]])
    strong = torch.tensor([[-2.0, -2, -2], [-2, 16, -2], [-2, -2, -2]])
    return {
        "original": original,
        "sharpen": original + edges,
        "edges": edges,
        "strong edges": strong,
    }
