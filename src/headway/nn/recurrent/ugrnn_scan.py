"""The UGRNN over all steps, with gradients of its own.

Recorded step by step, each step would leave a dozen nodes to the backward pass and add its
own share to the gradient of the weights. Here the backward pass has four operations a step,
and the weights get their gradient from one product over all steps.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from headway.nn.recurrent.cell import State


def scan_ugrnn(
    projected: Float[Tensor, "steps batch gates"],
    state: State,
    weight: Float[Tensor, "hidden gates"],
    reverse: bool,
) -> tuple[Float[Tensor, "steps batch hidden"], State]:
    """Return the state after every step, and the last one.

    Args:
        projected: What the inputs add to the gates, that of R before that of G.
        state: State before the first step.
        weight: Transposed weights of the state.
        reverse: Go from the last step to the first.
    """
    if reverse:
        projected = projected.flip(0)
    found: Any = _Scan.apply(projected, state[0], weight)
    outputs: Tensor = found
    return (outputs.flip(0) if reverse else outputs), (outputs[-1],)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, projected: Tensor, first: Tensor, weight: Tensor) -> Tensor:
        hidden = first.shape[1]
        dtype = torch.promote_types(projected.dtype, first.dtype)
        # The gates take the place of what they are computed from.
        gates = projected.clone()
        outputs = first.new_empty((*projected.shape[:2], hidden), dtype=dtype)
        h = first
        steps = zip(gates.unbind(), outputs.unbind(), strict=True)
        for total, after in steps:
            # Not addmm_, which counters of multiply-adds do not know.
            torch.addmm(total, h.to(total.dtype), weight, out=total)
            update, gate = total.split(hidden, dim=1)
            update.tanh_()
            gate.sigmoid_()
            torch.mul(gate, h - update, out=after).add_(update)
            h = after
        ctx.save_for_backward(gates, outputs, first, weight)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *grads: Any
    ) -> Any:
        grad: Tensor = grads[0]
        gates, outputs, first, weight = ctx.saved_tensors
        before = torch.cat([first[None].to(outputs.dtype), outputs[:-1]])
        kept, slopes = _slopes(gates, before)
        dtotal = torch.empty_like(slopes)
        back = weight.t().to(grad.dtype)
        dh = torch.zeros_like(grad[0])
        steps = zip(
            grad.unbind(), kept.unbind(), slopes.unbind(), dtotal.unbind(), strict=True
        )
        for dout, keep, slope, dstep in reversed(list(steps)):
            dh = dh + dout
            torch.mul(slope, dh[:, None], out=dstep)
            dh = torch.addmm(dh * keep, dstep.flatten(1), back)
        dtotal = dtotal.flatten(2)
        dweight = before.flatten(0, 1).t() @ dtotal.flatten(0, 1)
        return dtotal.to(gates.dtype), dh.to(first.dtype), dweight.to(weight.dtype)


def _slopes(gates: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """Return G, and the derivatives of the next state by both totals, for all steps at once.

    With h' = R + G (h - R): dh' / da_R = (1 - G) (1 - R^2) and dh' / da_G = (h - R) G (1 - G).
    """
    update, gate = gates.to(before.dtype).chunk(2, dim=2)
    rest = 1 - gate
    slopes = torch.stack((rest * (1 - update * update), (before - update) * gate * rest), 2)
    return gate, slopes
