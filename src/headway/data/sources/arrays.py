"""Arrays in memory -> a source."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Shaped
from numpy.typing import NDArray
from torch import Tensor

from headway.data.info import InputKind, TaskKind
from headway.data.sources.source import Source
from headway.data.sources.targets import count_not_finite, interpret_targets
from headway.data.splits import ArraySplit
from headway.errors import DataError

Array = NDArray[Any]

# In one piece and writable, as tensors are.
_FOR_TORCH = ("C", "W")


def source_from_arrays(
    name: str,
    parts: Mapping[str, tuple[Array, Array]],
    *,
    task: Literal["auto"] | TaskKind = "auto",
    classes: Sequence[str] = (),
) -> Source:
    """Check arrays of inputs and targets and make a source of them.

    Whole numbers from 0 to 255 become uint8 images; everything else becomes float32 and
    keeps its values. Rows of numbers (shape: samples, features) are tabular.

    Args:
        name: What the source is called.
        parts: Inputs and targets of "train", and of "val" and "test" where there are any.
            Images have shape (samples, height, width) or (samples, height, width, channels)
            or (samples, channels, height, width).
        task: What the targets are good for; "auto" decides by their type.
        classes: Class names where they are known.

    Raises:
        DataError: If lengths, shapes, types or values do not fit.
    """
    for part, (inputs, targets) in parts.items():
        _check_part(inputs, targets, part, name)
    targets = interpret_targets(
        {part: pair[1] for part, pair in parts.items()},
        name=name,
        task=task,
        classes=classes,
    )
    kind, inputs = _read_inputs({part: pair[0] for part, pair in parts.items()}, name)
    splits = {part: ArraySplit(inputs[part], targets.parts[part]) for part in parts}
    return Source(
        name=name,
        kind=kind,
        task=targets.task,
        classes=targets.classes,
        target_names=targets.target_names,
        train=splits["train"],
        val=splits.get("val"),
        test=splits.get("test"),
        untrainable=targets.untrainable,
    )


def _check_part(inputs: Array, targets: Array, part: str, name: str) -> None:
    what = f"{name}: the inputs of {part}"
    if inputs.dtype.kind not in "buif":
        raise DataError(
            f"{what} have type {inputs.dtype}; expected whole numbers or floats"
        )
    if inputs.ndim not in (2, 3, 4):
        raise DataError(
            f"{what} have shape {inputs.shape}; expected (samples, features) for a table, "
            "or (samples, height, width), (samples, height, width, channels) or (samples, "
            "channels, height, width) for images"
        )
    if inputs.size == 0:
        raise DataError(f"{what} are empty (shape {inputs.shape})")
    if targets.ndim == 0 or len(inputs) != len(targets):
        num_targets = len(targets) if targets.ndim else 0
        raise DataError(
            f"{what} are {len(inputs)} samples, but there are {num_targets} targets; save one "
            "target for each sample"
        )
    if message := count_not_finite(inputs):
        raise DataError(f"{what} hold {message}; replace them or take those samples out")


def _read_inputs(
    parts: Mapping[str, Array], name: str
) -> tuple[InputKind, dict[str, Tensor]]:
    dimensions = {part: array.ndim for part, array in parts.items()}
    if len(set(dimensions.values())) > 1:
        raise _differing("number of dimensions", dimensions, name)
    is_image = parts["train"].ndim > 2
    if is_image:
        channels_last = _is_channels_last(parts["train"].shape, name)
        parts = {
            part: _channels_first(array, channels_last) for part, array in parts.items()
        }
    shapes = {part: array.shape[1:] for part, array in parts.items()}
    if len(set(shapes.values())) > 1:
        raise _differing("shape of a sample", shapes, name)
    is_bytes = is_image and _are_bytes(parts, name)
    tensors = {
        part: to_tensor(a, f"{name}: {part}", is_bytes=is_bytes)
        for part, a in parts.items()
    }
    return "image" if is_image else "tabular", tensors


def _is_channels_last(shape: tuple[int, ...], name: str) -> bool:
    """Find the channels: the axis of length 1 or 3, or else the shorter of the two."""
    if len(shape) == 3:
        return False
    first, last = shape[1], shape[3]
    if (first in (1, 3)) != (last in (1, 3)):
        return last in (1, 3)
    if first == last:
        raise DataError(
            f"{name}: cannot tell where the channels are in images of shape {shape[1:]}; "
            "save gray images as (samples, height, width)"
        )
    return last < first


def _channels_first(array: Array, channels_last: bool) -> Array:
    if array.ndim == 3:
        return array[:, np.newaxis]
    return np.moveaxis(array, 3, 1) if channels_last else array


def _are_bytes(parts: Mapping[str, Array], name: str) -> bool:
    whole = {part: array.dtype.kind != "f" for part, array in parts.items()}
    if len(set(whole.values())) > 1:
        raise _differing("type", {part: a.dtype for part, a in parts.items()}, name)
    return whole["train"] and all(fits_in_bytes(array) for array in parts.values())


def fits_in_bytes(array: Array) -> bool:
    """Tell whether an array of whole numbers holds none below 0 or above 255."""
    return array.dtype == np.bool or bool(array.min() >= 0 and array.max() <= 255)


def to_tensor(array: Array, what: str, *, is_bytes: bool) -> Shaped[Tensor, "..."]:
    """Return numbers as a tensor of uint8 (false and true as 0 and 255) or of float32.

    Raises:
        DataError: If a number is too large for a float32.
    """
    if is_bytes:
        scaled = array * np.uint8(255) if array.dtype == np.bool else array
        return torch.from_numpy(np.require(scaled, np.uint8, _FOR_TORCH))
    with np.errstate(over="ignore"):
        floats = np.require(array, np.float32, _FOR_TORCH)
    if message := count_not_finite(floats):
        raise DataError(f"{what} has values too large for 32-bit floats: {message}")
    return torch.from_numpy(floats)


def _differing(what: str, values: Mapping[str, object], name: str) -> DataError:
    listed = ", ".join(f"{value} in {part}" for part, value in values.items())
    return DataError(f"{name}: the {what} differs between the parts: {listed}")
