"""Leave a network's modes and the random state as they were."""

from collections.abc import Generator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def modes_and_randomness_kept(
    model: nn.Module, *, seed: int | None = None
) -> Generator[None]:
    """Put back the mode of every module of `model` and the random state at the end.

    The random state is that of the CPU and of the CUDA devices on which `model` lies.

    Args:
        model: Network whose modes are changed meanwhile.
        seed: What the random state is seeded with meanwhile, unless it is None.
    """
    modes = [(module, module.training) for module in model.modules()]
    tensors = [*model.parameters(), *model.buffers()]
    devices = {tensor.device for tensor in tensors if tensor.is_cuda}
    with torch.random.fork_rng(devices):
        if seed is not None:  # torch.manual_seed would seed other devices too
            torch.default_generator.manual_seed(seed)
            for device in devices:
                with torch.cuda.device(device):
                    torch.cuda.manual_seed(seed)
        try:
            yield
        finally:
            for module, mode in modes:
                module.training = mode
