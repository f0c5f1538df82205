"""Float32 linear layers through oneDNN, where torch's default product is slow."""

from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

_product: Any = torch.ops.mkldnn._linear_pointwise  # pyright: ignore[reportPrivateUsage]


class _Linear(torch.autograd.Function):
    """y = x w' + b with all three products of forward and backward in oneDNN."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.has_bias = bias is not None
        return _product(x, weight, bias, "none", [], "")

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        x, weight = ctx.saved_tensors
        grad = grads[0].contiguous()
        flat = grad.reshape(-1, grad.shape[-1])
        dx = dw = db = None
        if ctx.needs_input_grad[0]:
            dx = _product(grad, weight.t().contiguous(), None, "none", [], "")
        if ctx.needs_input_grad[1]:
            rows = x.reshape(-1, x.shape[-1]).t().contiguous()
            dw = _product(flat.t().contiguous(), rows, None, "none", [], "")
        if ctx.has_bias and ctx.needs_input_grad[2]:
            db = flat.sum(0)
        return dx, dw, db


def onednn_linear(
    x: Float[Tensor, "*batch in_features"],
    weight: Float[Tensor, "out_features in_features"],
    bias: Float[Tensor, " out_features"] | None = None,
) -> Float[Tensor, "*batch out_features"]:
    """Return x @ weight.T + bias, computed in full float32 by oneDNN.

    On AMD processors torch sends float32 products to MKL, which reaches about half of
    oneDNN's speed there. Other number formats take torch's own way.
    """
    if x.dtype != torch.float32 or torch.is_autocast_enabled(x.device.type):
        return F.linear(x, weight, bias)
    return _Linear.apply(x.contiguous(), weight, bias)  # pyright: ignore[reportReturnType]


def use_onednn_linear(model: nn.Module) -> int:
    """Send the plain linear layers of `model` through oneDNN; return how many there are."""
    layers = [module for module in model.modules() if type(module) is nn.Linear]
    for layer in layers:
        layer.forward = partial(_forward, layer)  # pyright: ignore
    return len(layers)


def _forward(layer: nn.Linear, x: Tensor) -> Tensor:
    return onednn_linear(x, layer.weight, layer.bias)
