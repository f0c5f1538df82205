"""Make a trained network deeper without changing what it computes."""

import copy
from collections.abc import Iterator
from functools import singledispatch
from typing import Any

import torch
from torch import Tensor, nn

from headway.nn.bottleneck import Bottleneck
from headway.nn.fixup import FixupBlock
from headway.nn.initialization import initialize_
from headway.nn.preactivation import PreActivationBlock, PreActivationBottleneck
from headway.nn.residual import BasicBlock, PlainBlock, ShortcutA, ShortcutC
from headway.nn.residual_connection import Residual
from headway.nn.reversible import ReversibleBlock, ReversibleSequence
from headway.nn.statistics import statistics_kept


def deepen(
    network: nn.Module, num_blocks: int = 1, *, inputs: Tensor | None = None
) -> nn.Module:
    """Return a copy of `network` with identity blocks at the end of each of its stages.

    A stage is an `nn.Sequential` (or a `ReversibleSequence`) that ends in a block which
    `identity_block` knows. The new blocks have fresh He weights and a last layer of zero, so
    residual networks compute exactly what they did, in evaluation and in training mode, and
    learn from the next step on. resnet-20 deepened by one block is a resnet-26.

    Plain blocks get Dirac convolutions, which pass on what is not negative. In evaluation mode
    that is exact too; in training mode their batch norm normalizes with the batch. `inputs`
    gives them scales and shifts that undo the normalization, so that training goes on from
    where it was, at the price of rounding.

    Args:
        network: Is not changed.
        num_blocks: New blocks per stage.
        inputs: Batch to take the statistics of plain blocks from.

    Raises:
        ValueError: If `network` has no such stage, or `num_blocks` is less than 1.

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, section 1 (the deeper
        network "by construction"). arXiv:1512.03385.

    Example:
        >>> trained = nn.Sequential(BasicBlock(4, 4), BasicBlock(4, 4)).eval()
        >>> deeper = deepen(trained, 3)
        >>> x = torch.rand(2, 4, 8, 8)
        >>> len(deeper), torch.equal(deeper(x), trained(x))
        (5, True)
    """
    if num_blocks < 1:
        raise ValueError(f"num_blocks must be at least 1, got {num_blocks}")
    deeper = copy.deepcopy(network)
    stages = list(_stages(deeper))
    if not stages:
        raise ValueError(
            f"{type(network).__name__} has no stage that ends in a block of headway.nn; tell "
            "identity_block.register how such a block becomes the identity"
        )
    for stage in stages:
        last = stage[-1]
        for _ in range(num_blocks):
            new = identity_block(last).train(last.training)
            stage.append(new.to(next(last.parameters())))
    if inputs is not None:
        _undo_normalization_(deeper, stages, num_blocks, inputs)
    return deeper


@singledispatch
def identity_block(block: nn.Module) -> nn.Module:
    """Return a new block of the kind of `block` that gives back what `block` returns.

    Blocks whose last activation is ReLU return nothing negative, and their new block needs no
    more. `identity_block.register` adds a kind of one's own.

    Raises:
        TypeError: If nothing is known about such blocks.

    Example:
        >>> x = torch.rand(1, 8, 4, 4)
        >>> torch.equal(identity_block(BasicBlock(4, 8))(x), x)
        True
    """
    raise TypeError(
        f"cannot make an identity of {type(block).__name__}; register a function with "
        "identity_block.register that does"
    )


@identity_block.register
def _basic(block: BasicBlock) -> nn.Module:
    channels = block.conv2.out_channels
    return _silent(BasicBlock(channels, channels, shortcut=_free(block.shortcut)), block)


@identity_block.register
def _bottleneck(block: Bottleneck) -> nn.Module:
    channels = block.conv3.out_channels
    stride_on = "1x1" if block.conv1.stride[0] > 1 else "3x3"
    shortcut = _free(block.shortcut)
    new = Bottleneck(channels, channels, shortcut=shortcut, stride_on=stride_on)
    initialize_(new)
    nn.init.zeros_(new.norm3.weight)
    return new


@identity_block.register
def _preactivation(block: PreActivationBlock) -> nn.Module:
    channels, drop_prob = block.conv2.out_channels, block.dropout.p
    shortcut = type(block.shortcut)
    new = PreActivationBlock(channels, channels, shortcut=shortcut, drop_prob=drop_prob)
    return _silent(new, block)


@identity_block.register
def _preactivation_bottleneck(block: PreActivationBottleneck) -> nn.Module:
    channels = block.conv3.out_channels
    new = PreActivationBottleneck(channels, channels, shortcut=type(block.shortcut))
    return _silent(new, block)


@identity_block.register
def _fixup(block: FixupBlock) -> nn.Module:
    channels = block.conv2.out_channels
    return _silent(FixupBlock(channels, channels, shortcut=type(block.shortcut)), block)


@identity_block.register
def _residual(block: Residual) -> nn.Module:
    if not isinstance(block.shortcut, nn.Identity):
        raise TypeError(
            "cannot make an identity of a Residual whose shortcut is not the identity"
        )
    new = copy.deepcopy(block)
    initialize_(new)
    new.silence_()
    return new


@identity_block.register
def _reversible(block: ReversibleBlock) -> nn.Module:
    new = copy.deepcopy(block)
    initialize_(new)
    new.silence_()
    return new


@identity_block.register
def _plain(block: PlainBlock) -> nn.Module:
    channels = block.conv2.out_channels
    new = PlainBlock(channels, channels)
    for convolution, norm in ((new.conv1, new.norm1), (new.conv2, new.norm2)):
        nn.init.dirac_(convolution.weight)
        # In evaluation mode the norm divides by sqrt(running_var + eps), which is then 1.
        assert norm.running_var is not None
        norm.running_var.fill_(1.0).sub_(norm.eps)
    return new


def _silent(new: Any, block: Any) -> nn.Module:
    """Return `new` with He's weights, a branch of zero, and the survival of `block`."""
    initialize_(new)
    new.silence_()
    new.depth.drop_prob, new.depth.mode = block.depth.drop_prob, block.depth.mode
    return new


def _free(shortcut: nn.Module) -> type[nn.Module]:
    """Return the class of `shortcut`, or one that is the identity between equal shapes."""
    return ShortcutA if isinstance(shortcut, ShortcutC) else type(shortcut)


def _stages(network: nn.Module) -> Iterator[nn.Sequential | nn.ModuleList]:
    """Yield the containers of blocks whose last block can become an identity."""
    for module in network.modules():
        stage = module.blocks if isinstance(module, ReversibleSequence) else module
        is_run_in_order = isinstance(module, nn.Sequential | ReversibleSequence)
        if is_run_in_order and len(stage) and _is_known(stage[-1]):  # type: ignore
            yield stage  # type: ignore


def _is_known(block: nn.Module) -> bool:
    return identity_block.dispatch(type(block)) is not identity_block.dispatch(object)


@torch.no_grad()
def _undo_normalization_(
    network: nn.Module,
    stages: list[nn.Sequential | nn.ModuleList],
    num_blocks: int,
    inputs: Tensor,
) -> None:
    """Give the norms of the new plain blocks the statistics of what comes to them."""
    plain = [stage[-num_blocks:] for stage in stages if isinstance(stage[-1], PlainBlock)]
    handles = [
        blocks[0].register_forward_pre_hook(_adopt(list(blocks))) for blocks in plain
    ]
    try:
        with statistics_kept([network]):
            network(inputs)
    finally:
        for handle in handles:
            handle.remove()


def _adopt(blocks: list[Any]) -> Any:
    """Return a hook that takes the statistics of a block's input for all its norms."""

    def hook(block: nn.Module, arguments: tuple[Tensor]) -> None:
        variance, mean = torch.var_mean(arguments[0], dim=(0, 2, 3), correction=0)
        for norm in (norm for new in blocks for norm in (new.norm1, new.norm2)):
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
            norm.weight.copy_((variance + norm.eps).sqrt())
            norm.bias.copy_(mean)

    return hook
