"""Inputs of any structure as one row of numbers a sample, for models without a network."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Size, Tensor
from torch.nn import functional

# A wider row would make a linear model take seconds.
_MOST_FEATURES = 4096
# Whole numbers of images and of measurements are values; those of sequences are names.
_TOKEN_DIMS = 2
# Names are counted in so many bins; those of short sequences also place by place.
_BINS = 2048
_MOST_POSITIONS = 5000


def sample_features(inputs: Any) -> Tensor:
    """Return one row of finite floating-point features for each sample."""
    parts = [_of_tensor(tensor.detach().cpu()) for tensor in tensors_in(inputs)]
    return torch.cat(parts, dim=1)


def position_features(inputs: Any, shape: Size) -> Tensor:
    """Return one row for each position of targets of this shape, in the order of `flatten`.

    The row has what the input holds at that position, and the sample's index in the sequence
    where it has no such value.
    """
    samples, positions = shape[0], shape[1:]
    rows: list[Tensor] = []
    for tensor in tensors_in(inputs):
        tensor = tensor.detach().cpu()
        if tensor.shape[: len(shape)] == shape:
            rows.append(_at_positions(tensor.reshape(shape.numel(), -1)))
        elif tensor.dim() == len(shape) + 1 and tensor.shape[2:] == positions:
            rows.append(_at_positions(tensor.movedim(1, -1).reshape(shape.numel(), -1)))
    if not rows:
        place = torch.arange(positions.numel()).repeat(samples)
        rows.append(functional.one_hot(place % _BINS, _BINS).float())
    return torch.cat(rows, dim=1)


def tensors_in(inputs: Any) -> list[Tensor]:
    """Return all tensors of a structure, in its order."""
    if isinstance(inputs, Tensor):
        return [inputs]
    values = inputs.values() if isinstance(inputs, Mapping) else inputs
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        return []
    return [tensor for value in values for tensor in tensors_in(value)]


def _of_tensor(tensor: Tensor) -> Tensor:
    is_name = not tensor.is_floating_point() and not tensor.is_complex()
    if is_name and tensor.dim() <= _TOKEN_DIMS and int(tensor.abs().max()) > 1:
        return _of_names(tensor.reshape(len(tensor), -1).long())
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    tensor = tensor.float()
    if tensor.dim() == 4 and tensor[0].numel() > _MOST_FEATURES:
        tensor = functional.adaptive_avg_pool2d(tensor, 16)
    flat = tensor.reshape(len(tensor), -1)
    stride = -(-flat.shape[1] // _MOST_FEATURES)
    return flat[:, ::stride].nan_to_num(posinf=0.0, neginf=0.0)


def _of_names(names: Tensor) -> Tensor:
    count = int(names.max()) + 1
    length = names.shape[1]
    bins = names.clamp(min=0) % _BINS
    counts = torch.zeros(len(names), min(count, _BINS))
    counts.scatter_add_(1, bins, torch.ones(bins.shape))
    if length > 1 and 0 < length * count <= _MOST_FEATURES:
        places = functional.one_hot(names.clamp(min=0), count).flatten(1).float()
        return torch.cat([counts, places], dim=1)
    return counts


def _at_positions(rows: Tensor) -> Tensor:
    if rows.is_floating_point():
        return rows.float().nan_to_num(posinf=0.0, neginf=0.0)
    return functional.one_hot(rows[:, 0].clamp(min=0).long() % _BINS).float()
