"""Which tensors can be measured, and small parts of them."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

# What torch.func asks for such things, too.
_torch_c: Any = torch._C  # pyright: ignore[reportPrivateUsage]
# Values of an input and its output by which a function is identified.
_SAMPLE = 2048


def main_tensor(values: Any) -> Tensor | None:
    """Return the first floating-point tensor with values in a structure, None without."""
    if isinstance(values, Tensor):
        return values if _is_measurable(values) else None
    if isinstance(values, Mapping):
        values = cast(Mapping[Any, Any], values).values()
    elif hasattr(values, "to_tuple"):
        values = values.to_tuple()
    elif not isinstance(values, (tuple, list)):
        return None
    found = (main_tensor(value) for value in cast(Iterable[Any], values))
    return next((tensor for tensor in found if tensor is not None), None)


def sample_of(tensor: Tensor) -> Tensor:
    """Return some values of a tensor, at the same places for the same shape."""
    flat = tensor.detach().flatten()
    return flat[:: -(-len(flat) // _SAMPLE)].clone()


def _is_measurable(tensor: Tensor) -> bool:
    return (
        tensor.is_floating_point()
        and tensor.layout == torch.strided
        and not tensor.is_nested
        and not tensor.is_meta
        and tensor.numel() > 0
        and type(tensor) in (Tensor, nn.Parameter)
        and not _is_transformed(tensor)
    )


def _is_transformed(tensor: Tensor) -> bool:
    """Whether it stands for others inside of `torch.vmap` or the like."""
    return bool(_torch_c._functorch.is_functorch_wrapped_tensor(tensor))


def usual_axes(tensor: Tensor) -> tuple[int, int]:
    """Return the axes of units and of samples of an output of which nothing is known."""
    return (1 if tensor.dim() in (4, 5) else -1), 0


def address(tensor: Tensor) -> int:
    """Return where the storage of a tensor lies, which its views share, or -1."""
    if not _is_measurable(tensor):
        return -1
    return tensor.untyped_storage().data_ptr()
