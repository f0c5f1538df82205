"""Samples that are equal, told by their bytes."""

from typing import Any

import torch
from torch import Tensor

from headway.doctor.probes.features import tensors_in
from headway.doctor.program import is_listed


def row_keys(values: Any) -> list[bytes]:
    """Return something equal for samples that are equal."""
    if is_listed(values):
        return [
            b"".join(k for t in tensors_in(value) for k in row_keys(t)) for value in values
        ]
    tensors = [tensor.detach().cpu().contiguous() for tensor in tensors_in(values)]
    count = len(tensors[0])
    arrays = [
        tensor.reshape(count, -1).to(_plain_dtype(tensor)).numpy() for tensor in tensors
    ]
    return [b"".join(array[n].tobytes() for array in arrays) for n in range(count)]


def _plain_dtype(tensor: Tensor) -> torch.dtype:
    return torch.float32 if tensor.dtype == torch.bfloat16 else tensor.dtype


def conflicts(rows: list[bytes], answers: list[bytes]) -> float:
    """Return the share of samples that are equal to one with another answer."""
    kinds: dict[bytes, set[bytes]] = {}
    for row, answer in zip(rows, answers, strict=True):
        kinds.setdefault(row, set()).add(answer)
    return sum(len(kinds[row]) > 1 for row in rows) / len(rows)
