"""How gradients grow and shrink on their way through a network."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def backward_deltas(
    weights: Sequence[Float[Tensor, "_ _"]],
    slopes: Sequence[Float[Tensor, "_ _"]],
    last_delta: Float[Tensor, "batch out_features"],
) -> list[Tensor]:
    """Return the gradients of the loss with respect to z of every layer, first layer first.

    For z^(l+1) = W^(l+1) f(z^l): delta^l = f'(z^l) * (W^(l+1)^T delta^(l+1)). One lecture
    writes it without the transpose, which is right where W is stored as (in, out); torch
    stores (out, in).

    Args:
        weights: W^2 to W^L, as torch stores them (shape: out_features, in_features).
        slopes: f'(z^1) to f'(z^(L-1)), as many as weights (shape: batch, features).
        last_delta: delta^L.

    Raises:
        ValueError: If there are not as many slopes as weights.

    Reference:
        MIT 6.867, lecture 11, "Unstable gradients".

    Example:
        >>> deltas = backward_deltas([torch.full((1, 1), 3.0)], [torch.ones(1, 1)],
        ...                          torch.full((1, 1), 2.0))
        >>> [delta.item() for delta in deltas]
        [6.0, 2.0]
    """
    if len(weights) != len(slopes):
        raise ValueError(
            f"each weight needs the slopes of the layer before it, got {len(weights)} "
            f"weights and {len(slopes)} slopes"
        )
    deltas = [last_delta]
    for weight, slope in zip(reversed(weights), reversed(slopes), strict=True):
        deltas.append(slope * (deltas[-1] @ weight))
    return deltas[::-1]


def chain_norms(matrices: Sequence[Float[Tensor, "_ _"]]) -> list[float]:
    """Return the spectral norm of each product M1, M1 M2, M1 M2 M3 and so on.

    At most the product of the norms: below 1 each, a chain vanishes exponentially with its
    length; above 1 it may explode.

    Args:
        matrices: Factors, such as Diag(f'(z)) W^T of each layer, in the order of the product.

    Example:
        >>> [round(norm, 3) for norm in chain_norms([0.5 * torch.eye(2)] * 3)]
        [0.5, 0.25, 0.125]
    """
    norms: list[float] = []
    product: Tensor | None = None
    for matrix in matrices:
        product = matrix if product is None else product @ matrix
        norms.append(float(torch.linalg.matrix_norm(product, 2)))
    return norms


def layer_gradient_norms(
    model: nn.Module, loss_fn: Callable[[], Tensor]
) -> dict[str, float]:
    """Return the L2 norm of the loss's gradient with respect to each layer's output.

    Layers are linear and convolutional modules, in the order in which they run. Their
    outputs tell more than their weights, whose gradients also grow with the inputs: where
    the signal shrinks on the way forward and the gradient on the way back, the gradients of
    the weights can be alike everywhere.

    Args:
        model: Network that `loss_fn` calls; its gradients are left as they are.
        loss_fn: Runs the forward pass and returns the loss. A layer that runs several
            times is measured at the last.

    Example:
        >>> model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
        >>> norms = layer_gradient_norms(model, lambda: model(torch.ones(1, 2)).sum())
        >>> list(norms), norms["1"]
        (['0', '1'], 1.0)
    """
    outputs: dict[str, Tensor] = {}
    handles: list[RemovableHandle] = []
    for name, module in model.named_modules():
        if isinstance(module, _LAYERS):
            handles.append(module.register_forward_hook(_keeper(outputs, name)))
    try:
        with torch.enable_grad():
            loss = loss_fn()
    finally:
        for handle in handles:
            handle.remove()
    gradients = torch.autograd.grad(loss, [*outputs.values()], materialize_grads=True)
    return {
        name: float(gradient.norm())
        for name, gradient in zip(outputs, gradients, strict=True)
    }


def _keeper(outputs: dict[str, Tensor], name: str) -> Callable[..., None]:
    def keep(module: nn.Module, inputs: object, output: Tensor) -> None:
        outputs.pop(name, None)
        outputs[name] = output

    return keep
