"""What the networks for CIFAR share: a stem, three stages, pooling, and the rule of depths."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from headway.errors import ModelError
from headway.nn import BasicBlock, ReversibleBlock, set_survival_

# Sides up to this keep the paper's 3x3 stem for CIFAR, longer ones get its ImageNet stem.
_LONGEST_SMALL_SIDE = 64
_MIN_DEPTH, _MAX_DEPTH = 8, 1202

Block = Callable[..., nn.Module]


class CifarNetwork(nn.Module):
    """A stem, three stages of blocks, global average pooling and a linear layer.

    Args:
        stem: What the images go through first; see `stem`.
        stages: The three stages.
        classifier: From the pooled features to the outputs.
        tail: What follows the last stage; nothing where None.
        drop_prob: Probability that dropout sets a pooled feature to zero. Not in the papers.

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, section 4.2.
        arXiv:1512.03385.
    """

    def __init__(
        self,
        stem: nn.Module,
        stages: Sequence[nn.Module],
        classifier: nn.Module,
        *,
        tail: nn.Module | None = None,
        drop_prob: float = 0.0,
    ) -> None:
        super().__init__()
        self.stem = stem
        self.stage1, self.stage2, self.stage3 = stages
        self.tail = nn.Identity() if tail is None else tail
        self.dropout = nn.Dropout(drop_prob)
        self.classifier = classifier

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch outputs"]:
        """Return one row of outputs per image."""
        x = self.stage3(self.stage2(self.stage1(self.stem(images))))
        return self.classifier(self.dropout(self.tail(x).mean(dim=(2, 3))))


def stem(input_shape: tuple[int, int, int], width: int, *after: nn.Module) -> nn.Sequential:
    """Return the first convolution and `after`; it divides sides above 64 by 4.

    One 3x3 convolution is the papers' stem for CIFAR; for larger images it is ImageNet's: a
    7x7 convolution of stride 2, and max pooling at the end.

    Args:
        input_shape: Channels, height and width of one image.
        width: Channels that it returns.
        *after: Norm, activation or whatever follows the convolution.
    """
    channels, *sides = input_shape
    if max(sides) <= _LONGEST_SMALL_SIDE:
        return nn.Sequential(nn.Conv2d(channels, width, 3, padding=1, bias=False), *after)
    convolution = nn.Conv2d(channels, width, 7, stride=2, padding=3, bias=False)
    return nn.Sequential(convolution, *after, nn.MaxPool2d(3, stride=2, padding=1))


def norm_relu(width: int) -> tuple[nn.Module, nn.Module]:
    """Return batch norm and ReLU."""
    return nn.BatchNorm2d(width), nn.ReLU(inplace=True)


def stages(widths: Sequence[int], *, num_blocks: int, block: Block) -> Iterator[nn.Module]:
    """Yield the stages: each a row of blocks, the first of which changes the shape.

    Args:
        widths: Channels of the stem and of each stage; all stages but the first halve the
            sides.
        num_blocks: Blocks of each stage.
        block: Module class or function that takes (in_channels, out_channels, stride=...).
    """
    for index, (before, width) in enumerate(pairwise(widths)):
        first = block(before, width, stride=2 if index else 1)
        rest = (block(width, width, stride=1) for _ in range(num_blocks - 1))
        yield nn.Sequential(first, *rest)


def finished(
    network: CifarNetwork, *, final_survival: float = 1.0, zero_init_residual: bool = False
) -> CifarNetwork:
    """Return `network` with stochastic depth and residual branches of zero, where asked for."""
    if final_survival < 1.0:
        set_survival_(network, final_survival)
    if zero_init_residual:
        for module in network.modules():
            if isinstance(module, BasicBlock | ReversibleBlock):
                module.silence_()
    return network


def blocks_per_stage(name: str, depth: int, *, layers: int, others: int = 2) -> int:
    """Return the n of depth = layers * n + others.

    Args:
        name: Name of the model, which ends in its depth.
        depth: Layers with weights.
        layers: Layers of one block of each of the three stages.
        others: Layers outside of the stages.

    Raises:
        ModelError: If there is no such n, or the depth is out of range.
    """
    blocks = (min(max(depth, _MIN_DEPTH, layers + others), _MAX_DEPTH) - others) // layers
    if depth != layers * blocks + others:
        kind = name.removesuffix(str(depth))
        near = sorted({layers * blocks + others, layers * (blocks + 1) + others})
        names = " or ".join(f"{kind}{d}" for d in near if d <= _MAX_DEPTH)
        raise ModelError(
            f"model {name!r} does not exist: the depth must be {layers}n + {others} between "
            f"{max(_MIN_DEPTH, layers + others)} and {_MAX_DEPTH}. Nearest: {names}"
        )
    return blocks
