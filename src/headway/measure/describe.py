"""What kind of layer a module or a function is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase  # pyright: ignore[reportPrivateUsage]
from torch.nn.modules.conv import (
    _ConvNd,  # pyright: ignore[reportPrivateUsage]
    _ConvTransposeNd,  # pyright: ignore[reportPrivateUsage]
)
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.nn.parameter import is_lazy

from headway.measure.activation_functions import PERHAPS, known_name
from headway.measure.layer_numbers import LayerKind
from headway.measure.weight_numbers import WeightRecord, fans_of

# Layers that run as one, whatever modules they have inside.
WHOLE = (nn.MultiheadAttention, nn.RNNBase, nn.RNNCellBase)
NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.LocalResponseNorm)

# Functions of torch that use a weight -> the kind, the place of the weight among the
# arguments, and its axis of units.
FUNCTIONS: dict[str, tuple[LayerKind, tuple[int, ...], int]] = {
    "linear": ("linear", (1,), 0),
    "matmul": ("linear", (1,), -1),
    "__matmul__": ("linear", (1,), -1),
    "mm": ("linear", (1,), -1),
    "addmm": ("linear", (2,), -1),
    "einsum": ("linear", (1, 2), -1),
    "conv1d": ("convolution", (1,), 0),
    "conv2d": ("convolution", (1,), 0),
    "conv3d": ("convolution", (1,), 0),
    "conv_transpose1d": ("convolution", (1,), 1),
    "conv_transpose2d": ("convolution", (1,), 1),
    "conv_transpose3d": ("convolution", (1,), 1),
}
NORM_FUNCTIONS = frozenset(
    {"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"}
)
ATTENTION_FUNCTIONS = frozenset(
    {"scaled_dot_product_attention", "multi_head_attention_forward"}
)
# Functions that hand on what they get: what comes before them feeds what comes after.
PASSING_FUNCTIONS = frozenset(
    {
        *("dropout", "dropout1d", "dropout2d", "alpha_dropout", "feature_alpha_dropout"),
        *("max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d"),
        *("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool2d"),
    }
)


@dataclass(frozen=True, kw_only=True)
class Described:
    """What is known of a module before it runs.

    Attributes:
        kind: What it does.
        function: Which activation function it is, "" if none.
        is_known: Whether its kind follows from its class, so that functions called inside it
            are its own business.
    """

    kind: LayerKind
    function: str = ""
    is_known: bool = True


def describe(module: nn.Module) -> Described:
    """Return what a module without layers inside it does."""
    if isinstance(module, (nn.Linear, nn.Bilinear)):
        return Described(kind="linear")
    if isinstance(module, _ConvNd):
        return Described(kind="convolution")
    if isinstance(module, NORMS):
        return Described(kind="norm")
    if isinstance(module, nn.MultiheadAttention):
        return Described(kind="attention")
    if isinstance(module, (nn.RNNBase, nn.RNNCellBase)):
        return Described(kind="recurrent")
    if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
        return Described(kind="embedding")
    is_of_torch = type(module).__module__.startswith("torch.nn.modules")
    function = known_name(type(module).__name__)
    if is_of_torch:
        if function and function not in PERHAPS:
            return Described(kind="activation", function=function)
        return Described(kind="other")
    return Described(kind=_guess(module), is_known=False)


def _guess(module: nn.Module) -> LayerKind:
    name = type(module).__name__.lower()
    if "norm" in name:
        return "norm"
    if "embed" in name:
        return "embedding"
    if "attention" in name:
        return "attention"
    return "other"


def is_leaf(module: nn.Module) -> bool:
    """Whether a module is looked at as one layer."""
    if isinstance(module, WHOLE):
        return True
    return not any(
        name not in ("parametrizations", "_torch_params")
        for name, _ in module.named_children()
    ) and not keras_layers(module)


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the network inside of what compilation and parallel training wrap around it."""
    while True:
        inner = dict(model.named_children()).get("_orig_mod")
        if isinstance(model, (DistributedDataParallel, DataParallel)):
            inner = cast(nn.Module, model.module)
        if inner is None:
            return model
        model = inner


def named_layers(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Go through all modules of a network as `named_modules`, and through Keras layers.

    Wrappers leave no trace in the names; a Keras layer is named as Keras names it.
    """
    yield from _named(unwrapped(model), "", set())


def _named(
    module: nn.Module, name: str, seen: set[nn.Module]
) -> Iterator[tuple[str, nn.Module]]:
    if module in seen:
        return
    seen.add(module)
    yield name, module
    for child_name, child in module.named_children():
        if child_name == "_torch_params":
            continue
        inner = "" if child_name in _TRANSPARENT else child_name
        yield from _named(child, _join(name, inner), seen)
    for layer in keras_layers(module):
        yield from _named(layer, _join(name, str(getattr(layer, "name", ""))), seen)


_TRANSPARENT = ("_orig_mod", "_checkpoint_wrapped_module", "_functional")


def keras_layers(module: nn.Module) -> list[nn.Module]:
    """Return the layers of a Keras model or layer, which are not among its modules."""
    if not hasattr(type(module), "get_config"):
        return []
    layers: Any = getattr(module, "_layers", None) or getattr(module, "layers", None)
    if not isinstance(layers, (list, tuple)):
        return []
    return [layer for layer in cast(list[Any], layers) if isinstance(layer, nn.Module)]


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix and name else prefix or name


def weight_of(module: nn.Module, kind: LayerKind, prefix: str) -> WeightRecord | None:
    """Return the record of the weight of a layer, or None where it has none yet."""
    if any(is_lazy(parameter) for parameter in module.parameters()):
        return None
    named = [(n, p) for n, p in module.named_parameters() if p.numel() > 0]
    large = [(name, p) for name, p in named if p.dim() >= 2]
    chosen = [pair for pair in large if "weight" in pair[0]] or large or named
    if not chosen:
        return None
    name, weight = chosen[-1] if "original1" in chosen[-1][0] else chosen[0]
    bias = dict(named).get("bias")
    axis = _unit_axis(module, kind, weight)
    return WeightRecord(
        name=_join(prefix, name),
        weight=weight,
        bias=bias,
        unit_axis=axis,
        fans=fans_of(tuple(weight.shape), axis or 0, int(getattr(module, "groups", 1))),
    )


def _unit_axis(module: nn.Module, kind: LayerKind, weight: Tensor) -> int | None:
    if weight.dim() < 2 or kind not in ("linear", "convolution", "recurrent"):
        return None
    return 1 if isinstance(module, _ConvTransposeNd) else 0


def output_axes(module: nn.Module, kind: LayerKind, output: Tensor) -> tuple[int, int]:
    """Return the axes of units and of samples of the output of a module."""
    if isinstance(module, (nn.RNNBase, nn.MultiheadAttention)):
        return -1, 0 if module.batch_first or output.dim() < 3 else 1
    if kind in ("linear", "embedding", "recurrent", "attention"):
        return -1, 0
    if isinstance(module, (nn.LayerNorm, nn.RMSNorm)):
        return -1, 0
    if isinstance(module, (_NormBase, nn.GroupNorm)):
        return 1, 0
    if kind == "convolution":
        ranks = {nn.Conv1d: 1, nn.Conv2d: 2, nn.Conv3d: 3}
        rank = next((r for c, r in ranks.items() if isinstance(module, c)), None)
        is_single = rank is not None and output.dim() == rank + 1
        return (0, 0) if is_single else (1, 0)
    return (1 if output.dim() in (4, 5) else -1), 0
