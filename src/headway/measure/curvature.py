"""How strongly a network stretches its inputs, and a loss its parameters."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

# Iterations end when a singular value or an eigenvalue changes by less than this share.
_TOLERANCE = 1e-6


def jacobian_singular_values(
    fn: Callable[[Tensor], Tensor],
    inputs: Float[Tensor, "batch ..."],
    *,
    count: int = 1,
    max_iterations: int = 200,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "batch count"]:
    """Return the largest singular values of d fn(x) / d x for each sample.

    Each is found by power iteration on J^T J beside those before it, so equal or nearly equal
    values take many iterations.

    Args:
        fn: Differentiable twice, each sample on its own: batch norm in evaluation mode.
        inputs: Where the Jacobian is taken.
        count: How many, largest first, at most the number of inputs of a sample.
        max_iterations: Iterations at most for each.
        generator: Where the first vectors are drawn from; by default one with seed 0.

    Example:
        >>> matrix = torch.diag(torch.tensor([3.0, 2.0]))
        >>> jacobian_singular_values(lambda x: x @ matrix, torch.ones(1, 2), count=2)
        tensor([[3.0000, 2.0000]])
    """
    generator = generator or torch.Generator().manual_seed(0)
    point = inputs.detach().requires_grad_()
    with torch.enable_grad():
        output = fn(point)
        dual = torch.zeros_like(output, requires_grad=True)
        # J^T v is linear in v, so its gradient in direction u is J u.
        (pulled,) = torch.autograd.grad(output, point, dual, create_graph=True)

    def stretch(vectors: Tensor) -> tuple[Tensor, Tensor]:
        """Return J u and J^T J u."""
        directions = vectors.view_as(point)
        (pushed,) = torch.autograd.grad(pulled, dual, directions, retain_graph=True)
        (back,) = torch.autograd.grad(output, point, pushed, retain_graph=True)
        return pushed.flatten(1), back.flatten(1)

    found: list[Tensor] = []
    values: list[Tensor] = []
    for _ in range(count):
        start = torch.randn(inputs.shape, generator=generator, dtype=inputs.dtype)
        vectors, value = start.to(inputs.device).flatten(1), inputs.new_zeros(len(inputs))
        for _ in range(max_iterations):
            vectors = _unit(_without(vectors, found))
            pushed, vectors_next = stretch(vectors)
            before, value = value, pushed.norm(dim=1)
            if bool(((value - before).abs() <= _TOLERANCE * value).all()):
                break
            vectors = vectors_next
        found.append(_unit(_without(vectors, found)))
        values.append(value)
    return torch.stack(values, dim=1).detach()


def largest_hessian_eigenvalue(
    loss_fn: Callable[[], Tensor],
    parameters: Sequence[Tensor],
    *,
    max_iterations: int = 100,
    generator: torch.Generator | None = None,
) -> float:
    """Return the eigenvalue of largest magnitude of the Hessian of a loss.

    Gradient descent with a rate above 2 over it is unstable. It is found by power iteration
    on products of the Hessian with a vector.

    Args:
        loss_fn: Computes the loss, the same at each call.
        parameters: What the Hessian is taken with respect to; its gradients stay as they are.
        max_iterations: Products at most.
        generator: Where the first vector is drawn from; by default one with seed 0.

    Reference:
        Pearlmutter, "Fast Exact Multiplication by the Hessian", 1994.

    Example:
        >>> w = torch.tensor([1.0, 1.0], requires_grad=True)
        >>> loss = lambda: (torch.tensor([3.0, 0.5]) * w.square()).sum() / 2
        >>> round(largest_hessian_eigenvalue(loss, [w]), 4)
        3.0
    """
    generator = generator or torch.Generator().manual_seed(0)
    with torch.enable_grad():
        gradients = torch.autograd.grad(
            loss_fn(), parameters, create_graph=True, materialize_grads=True
        )
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    if not flat.requires_grad:
        return 0.0
    vector = torch.randn(len(flat), generator=generator, dtype=flat.dtype).to(flat.device)
    value = 0.0
    for _ in range(max_iterations):
        vector = vector / vector.norm()
        products = torch.autograd.grad(
            flat, parameters, vector, retain_graph=True, materialize_grads=True
        )
        product = torch.cat([part.flatten() for part in products])
        before, value = value, float(vector @ product)
        if float(product.norm()) == 0.0 or abs(value - before) <= _TOLERANCE * abs(value):
            break
        vector = product
    return value


def _without(vectors: Tensor, found: list[Tensor]) -> Tensor:
    for other in found:
        vectors = vectors - (vectors * other).sum(dim=1, keepdim=True) * other
    return vectors


def _unit(vectors: Tensor) -> Tensor:
    tiny = torch.finfo(vectors.dtype).tiny
    return vectors / vectors.norm(dim=1, keepdim=True).clamp(min=tiny)
