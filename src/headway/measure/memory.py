"""What training costs in memory: bytes saved for backward, and bytes of this process."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node, saved_tensors_hooks

_STATUS = Path("/proc/self/status")


def saved_bytes(fn: Callable[[], Tensor]) -> int:
    """Return the bytes that the forward pass `fn` keeps alive for its backward pass.

    A storage that several saved tensors share counts once and whole. Parameters that get a
    gradient are not counted: they live anyway.

    Args:
        fn: Runs the forward pass and returns its loss or output.

    Example:
        >>> x = torch.ones(1000, requires_grad=True)
        >>> saved_bytes(lambda: x.exp().sum())
        4000
    """
    storages: dict[tuple[torch.device, int], torch.UntypedStorage] = {}

    def note(tensor: Tensor) -> Tensor:
        storages[_address(tensor)] = tensor.untyped_storage()
        return tensor

    with saved_tensors_hooks(note, lambda tensor: tensor):
        output = fn()
    for parameter in _parameters_behind(output):
        storages.pop(_address(parameter), None)
    return sum(storage.nbytes() for storage in storages.values())


class ResidentBytes(NamedTuple):
    """Main memory of this process.

    Attributes:
        current: Bytes now.
        peak: Largest number of bytes since the process started.
    """

    current: int
    peak: int


def resident_bytes() -> ResidentBytes:
    """Return the resident memory of this process, in bytes.

    Where the system does not tell the current value, it is given as the peak.
    """
    status = _STATUS.read_text() if _STATUS.exists() else ""
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    kibibytes = {
        name: int(text.split()[0]) for name, text in fields.items() if "kB" in text
    }
    peak = kibibytes["VmHWM"] * 1024 if "VmHWM" in kibibytes else _peak_of_resource()
    return ResidentBytes(current=kibibytes.get("VmRSS", peak // 1024) * 1024, peak=peak)


def _peak_of_resource() -> int:
    import resource  # only Unix has it

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _address(tensor: Tensor) -> tuple[torch.device, int]:
    return tensor.device, tensor.untyped_storage().data_ptr()


def _parameters_behind(output: Tensor) -> Iterator[nn.Parameter]:
    """Walk the autograd graph of `output` back to the parameters that it starts from."""
    waiting: list[Node] = [output.grad_fn] if output.grad_fn is not None else []
    seen = set(waiting)
    while waiting:
        node = waiting.pop()
        leaf = getattr(node, "variable", None)
        if isinstance(leaf, nn.Parameter):
            yield leaf
        following = {n for n, _ in node.next_functions if n is not None} - seen
        seen |= following
        waiting += following
