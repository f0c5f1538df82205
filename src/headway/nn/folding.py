"""Batch norm merged into the layer in front of it, for inference."""

import copy
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from torch import fx, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torch.nn.utils.parametrize import is_parametrized

from headway.nn.frozen_batch_norm import FrozenBatchNorm

_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, *_TRANSPOSED)
_NORMS = (_BatchNorm, FrozenBatchNorm)


def fold_batch_norm(model: nn.Module) -> nn.Module:
    """Return a copy of `model` for inference with batch norm merged into linear maps.

    With fixed statistics, batch norm after W x + b is a linear map itself:
    weight (W x + b - mean) / sqrt(var + eps) + bias = W' x + b'. Each such pair becomes one
    layer and an identity; outputs are equal up to rounding. A pair is a linear or
    convolutional layer and the batch norm that alone uses its output, found by torch.fx in
    the network or, where it cannot be traced as a whole, in its parts. Other batch norms
    stay as they are, such as those in front of their convolution.

    A linear layer in front of batch norm is taken to have outputs of shape (batch,
    features).

    Args:
        model: Network in either mode; it is not changed.

    Returns:
        The copy in evaluation mode. It is of no use for training.

    Reference:
        Ioffe and Szegedy, "Batch Normalization", 2015, algorithm 2, line 11.
        arXiv:1502.03167.

    Example:
        >>> fold_batch_norm(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU()))
        Sequential(
          (0): Linear(in_features=4, out_features=3, bias=True)
          (1): Identity()
          (2): ReLU()
        )
    """
    folded = copy.deepcopy(model).eval()
    names = Counter(
        id(module) for _, module in folded.named_modules(remove_duplicate=False)
    )
    for layer_name, norm_name in list(_pairs(folded)):
        layer = folded.get_submodule(layer_name)
        norm = folded.get_submodule(norm_name)
        is_shared = names[id(layer)] > 1 or names[id(norm)] > 1
        if not is_shared and _fits(layer, norm):
            _merge(layer, norm)
            folded.set_submodule(norm_name, nn.Identity())
    return folded


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        is_norm = isinstance(m, _NORMS)
        return is_norm or super().is_leaf_module(m, module_qualified_name)


def _pairs(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the names of two modules of which the second alone uses the first's output."""
    try:
        graph = _Tracer().trace(module)
    except Exception:  # whatever a network's own code raises when it is given a stand-in
        yield from _pairs_of_parts(module, prefix)
        return
    uses = Counter(str(node.target) for node in graph.nodes if node.op == "call_module")
    read = {
        str(node.target).rpartition(".")[0] for node in graph.nodes if node.op == "get_attr"
    }
    for node in graph.nodes:
        if node.op != "call_module" or not node.args:
            continue
        before = node.args[0]
        if not isinstance(before, fx.Node) or before.op != "call_module":
            continue
        pair = str(before.target), str(node.target)
        if len(before.users) == 1 and not any(uses[n] > 1 or n in read for n in pair):
            yield prefix + pair[0], prefix + pair[1]


def _pairs_of_parts(module: nn.Module, prefix: str) -> Iterator[tuple[str, str]]:
    children = list(module.named_children())
    if type(module).forward is nn.Sequential.forward:
        for (first, _), (second, _) in pairwise(children):
            yield prefix + first, prefix + second
    for name, child in children:
        yield from _pairs(child, f"{prefix}{name}.")


def _fits(layer: nn.Module, norm: nn.Module) -> bool:
    if not isinstance(layer, _LAYERS) or not isinstance(norm, _NORMS):
        return False
    if is_parametrized(layer) or norm.running_mean is None:
        return False
    if isinstance(layer, _TRANSPOSED) and layer.groups > 1:
        return False
    width = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
    return width == norm.num_features


def _merge(layer: nn.Module, norm: nn.Module) -> None:
    assert isinstance(layer, _LAYERS)
    assert isinstance(norm, _NORMS)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    # The function for convolutions also knows norms without weight, unlike that for linear.
    layer.weight, layer.bias = fuse_conv_bn_weights(
        layer.weight,
        layer.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
        transpose=isinstance(layer, _TRANSPOSED),
    )
