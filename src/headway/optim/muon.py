"""Orthogonalized momentum for the matrices of a network, AdamW for everything else."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from headway.errors import RecipeError
from headway.optim.parameter_groups import NORMS, parameter_groups, trainable_parameters

# Root mean square of an update whose matrix has its singular values at 1, relative to that of
# AdamW, is made up for by this way of torch's (Liu et al., 2025, equation 4).
_ADJUSTMENT = "match_rms_adamw"


class Muon(Optimizer):
    """Step hidden matrices along their orthogonalized momentum, and the rest by AdamW.

    For a matrix, m <- b m + (1 - b) g and w <- w - 0.2 sqrt(max(rows, columns)) lr O(m),
    where O sets all singular values to about 1 by Newton-Schulz iterations: that is
    torch.optim.Muon. The factor gives the update the size of one of AdamW, so both share one
    learning rate, one decay and one schedule. `matrices` says which parameters are stepped
    so; a convolution kernel counts as the matrix (out_channels, in_channels * k * k).

    Args:
        matrices: Parameters of two or more dimensions that are orthogonalized.
        others: Parameters or parameter groups for AdamW.
        lr: Learning rate of both.
        weight_decay: Decoupled decay of the matrices, and of others without their own.
        momentum: The b above.
        nesterov: Whether O is taken of one momentum step ahead.
        betas: Decays of the first and second moment of AdamW.
        eps: Added to the root in AdamW.
        fused: Whether AdamW runs as one kernel; None lets torch choose.

    Reference:
        Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024;
        Liu et al., "Muon is Scalable for LLM Training", 2025, equation 4. arXiv:2502.16982.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        >>> optimizer = Muon([model[0].weight], [model[0].bias, *model[2].parameters()])
        >>> [len(group["params"]) for group in optimizer.param_groups]
        [1, 3]
    """

    def __init__(
        self,
        matrices: Sequence[Tensor],
        others: Iterable[Any],
        *,
        lr: float = 1e-3,
        weight_decay: float = 0.01,
        momentum: float = 0.95,
        nesterov: bool = True,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        fused: bool | None = None,
    ) -> None:
        self._muon = torch.optim.Muon(
            [_view_of(p) for p in matrices],
            lr=lr,
            weight_decay=weight_decay,
            momentum=momentum,
            nesterov=nesterov,
            adjust_lr_fn=_ADJUSTMENT,
        )
        settings: dict[str, Any] = {"lr": lr, "weight_decay": weight_decay, "fused": fused}
        self._adamw = AdamW(others, betas=betas, eps=eps, **settings)
        matrix_group = self._muon.param_groups.pop() | {"params": [*matrices]}
        groups = [
            matrix_group | {"is_matrix": True},
            *(group | {"is_matrix": False} for group in self._adamw.param_groups),
        ]
        super().__init__(groups, {"lr": lr, "weight_decay": weight_decay})

    def __getstate__(self) -> dict[str, Any]:
        parts = {"_muon": self._muon, "_adamw": self._adamw}
        return super().__getstate__() | parts

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        Args:
            closure: Computes the loss and its gradients anew, or None.

        Returns:
            What `closure` returns.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        # The groups and the state are those of this object, whoever has replaced them: the
        # parts only lend their arithmetic.
        others = [group for group in self.param_groups if not group["is_matrix"]]
        self._adamw.param_groups, self._adamw.state = others, self.state
        self._adamw.step()
        for group in self.param_groups:
            if group["is_matrix"]:
                self._step_matrices(group)
        return loss

    def _step_matrices(self, group: dict[str, Any]) -> None:
        views: list[Tensor] = []
        for parameter in group["params"]:
            if parameter.grad is None:
                continue
            view = _view_of(parameter)
            rows, columns = view.shape
            gradient = parameter.grad.permute(_order(parameter))
            view.grad = gradient.reshape(rows, columns)
            buffer = _view_of(self._buffer(parameter))
            self._muon.state[view] = {"momentum_buffer": buffer}
            views.append(view)
        self._muon.param_groups = [group | {"params": views}]
        self._muon.step()
        self._muon.param_groups.clear()
        self._muon.state.clear()

    def _buffer(self, parameter: Tensor) -> Tensor:
        """Return the momentum of `parameter`, in the same layout."""
        state = self.state[parameter]
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = torch.zeros_like(parameter)
        elif buffer.stride() != parameter.stride():
            buffer = torch.empty_like(parameter).copy_(buffer)
        state["momentum_buffer"] = buffer
        return buffer


def split_for_muon(
    model: nn.Module, weight_decay: float
) -> tuple[list[nn.Parameter], list[dict[str, Any]]]:
    """Divide the trainable parameters of `model` into Muon's matrices and AdamW's groups.

    A matrix is every parameter of two or more dimensions, except those of norms and
    embeddings, and except the head: the last such parameter in the order of the model. The
    stacked gates of a recurrent layer count as one matrix. The groups of the others follow
    `parameter_groups`.

    Args:
        model: Model whose parameters are divided.
        weight_decay: Decay of the others that decay.

    Raises:
        RecipeError: If there is no matrix besides the head.
        ModelError: If a lazy module of `model` does not know its shape yet.
    """
    excluded = (*NORMS, nn.Embedding, nn.EmbeddingBag)
    left_alone = {
        id(parameter)
        for module in model.modules()
        if isinstance(module, excluded)
        for parameter in module.parameters(recurse=False)
    }
    trainable = trainable_parameters(model)
    matrices = [p for p in trainable if p.ndim >= 2 and id(p) not in left_alone][:-1]
    if not matrices:
        raise RecipeError(
            "muon is for hidden matrices, and the model has none besides its last layer; "
            "use adamw"
        )
    chosen = {id(parameter) for parameter in matrices}
    groups = [
        {**group, "params": [p for p in group["params"] if id(p) not in chosen]}
        for group in parameter_groups(model, weight_decay)
    ]
    return matrices, [group for group in groups if group["params"]]


def _view_of(tensor: Tensor) -> Tensor:
    """Return `tensor` as (rows, columns) in the same memory, whatever its layout.

    The columns of a channels_last kernel come in another order. That turns the columns of the
    orthogonalized matrix alike and changes nothing else.
    """
    return tensor.detach().permute(_order(tensor)).view(len(tensor), -1)


def _order(tensor: Tensor) -> list[int]:
    """Return the dimensions of `tensor`, those behind the first as they lie in memory."""
    inner = range(1, tensor.ndim)
    return [0, *sorted(inner, key=lambda dim: -tensor.stride(dim))]
