"""Batch norm that has stopped learning."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]


class FrozenBatchNorm(nn.Module):
    """Batch norm with everything fixed: y = weight (x - mean) / sqrt(var + eps) + bias.

    The same function in training and in evaluation mode, with nothing to learn: for batches
    too small for statistics, and for layers that are kept while others are tuned. Takes
    what torchvision's FrozenBatchNorm2d takes, and other shapes than images besides; the
    weights of a torch batch norm load into it.

    Args:
        num_features: Channels, the second dimension of the input.
        eps: Added to the variance.

    Example:
        >>> frozen = FrozenBatchNorm(1, eps=0.0)
        >>> frozen.running_mean += 1
        >>> frozen.running_var *= 4
        >>> frozen(torch.tensor([[1.0], [3.0]])).flatten().tolist()
        [0.0, 1.0]
    """

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, num_features: int, *, eps: float = 1e-5) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.register_buffer("weight", torch.ones(num_features))
        self.register_buffer("bias", torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(
        self, x: Float[Tensor, "batch channels *positions"]
    ) -> Float[Tensor, "batch channels *positions"]:
        """Return the normalized `x`."""
        shape = (1, -1, *(1 for _ in range(x.ndim - 2)))
        scale = self.weight * (self.running_var + self.eps).rsqrt()
        shift = self.bias - self.running_mean * scale
        return (x * scale.view(shape) + shift.view(shape)).to(x.dtype)

    def extra_repr(self) -> str:
        """Return what `print` shows between the brackets."""
        return f"{self.num_features}, eps={self.eps}"

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        state_dict.pop(f"{prefix}num_batches_tracked", None)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def freeze_batch_norm(model: nn.Module) -> nn.Module:
    """Replace every batch norm of `model` by a `FrozenBatchNorm`, in place.

    Batch norms without running statistics have nothing to go by and stay.

    Args:
        model: Network, on any device and in either mode.

    Returns:
        The same `model`, or the frozen norm if `model` is a batch norm itself.

    Example:
        >>> freeze_batch_norm(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)))[1]
        FrozenBatchNorm(3, eps=1e-05)
    """
    if isinstance(model, _BatchNorm):
        return model if model.running_mean is None else _frozen(model)
    frozen: dict[nn.Module, FrozenBatchNorm] = {}  # a shared norm stays shared
    for name, module in list(model.named_modules(remove_duplicate=False)):
        if isinstance(module, _BatchNorm) and module.running_mean is not None:
            frozen[module] = frozen.get(module) or _frozen(module)
            model.set_submodule(name, frozen[module])
    return model


def _frozen(norm: _BatchNorm) -> FrozenBatchNorm:
    frozen = FrozenBatchNorm(norm.num_features, eps=norm.eps).train(norm.training)
    for name in dict(frozen.named_buffers()):
        value = getattr(norm, name)
        if value is not None:  # None without weight or bias
            setattr(frozen, name, value.detach().clone())
    return frozen
