"""What a network costs: parameters and multiply-adds."""

from collections.abc import Mapping
from itertools import chain

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode

from headway.measure.probe import device_of, evaluating


def num_parameters(module: nn.Module) -> int:
    """Return the number of parameters, each counted once, frozen ones included."""
    return sum(parameter.numel() for parameter in module.parameters())


def multiply_adds(
    module: nn.Module, input_shape: tuple[int, ...], dtype: torch.dtype | None = None
) -> int:
    """Return the multiply-adds of one forward pass on one sample.

    Counts convolutions and matrix products, as papers do who call the number "FLOPs"; one
    multiply-add is two floating point operations. The forward runs on the meta device, so
    it computes nothing; a module whose code needs real values (control flow that depends on
    them, tensors that are not buffers) runs once on its own device instead. Neither changes
    buffers, training flags or random states.

    Args:
        module: Network that takes one tensor of shape (batch, *input_shape).
        input_shape: Shape of one sample, such as (3, 32, 32).
        dtype: Type of the inputs, such as int64 for tokens; that of the weights where None.
    """
    with evaluating(module):
        try:
            return _count(module, input_shape, dtype, torch.device("meta"))
        except Exception:
            return _count(module, input_shape, dtype, device_of(module))


def _count(
    module: nn.Module,
    input_shape: tuple[int, ...],
    dtype: torch.dtype | None,
    device: torch.device,
) -> int:
    state = _copies(module, device)
    floats = (t.dtype for t in state.values() if t.is_floating_point())
    dtype = dtype or next(floats, torch.float32)
    inputs = torch.zeros(1, *input_shape, dtype=dtype, device=device)
    with device, FlopCounterMode(display=False) as counter:
        functional_call(module, dict(state), (inputs,))
    return counter.get_total_flops() // 2


def _copies(module: nn.Module, device: torch.device) -> Mapping[str, Tensor]:
    """Return parameters and buffers on the meta device, or copies of the buffers alone."""
    if device.type == "meta":
        tensors = chain(module.named_parameters(), module.named_buffers())
        return {name: tensor.to("meta") for name, tensor in tensors}
    return {name: buffer.clone() for name, buffer in module.named_buffers()}
