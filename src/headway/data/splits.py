"""The samples of one part of a data set: in memory, or as files on disk."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Int64, Shaped, UInt8
from torch import Tensor

from headway.data.decoding import Crop, ImageMode, decode_image
from headway.data.info import InputType

_TYPES: Mapping[torch.dtype, InputType] = {torch.uint8: "uint8", torch.int64: "int64"}


@dataclass(frozen=True, slots=True)
class ArraySplit:
    """Samples held in memory.

    Attributes:
        inputs: Images as uint8 or float32 (shape: samples, channels, height, width),
            features as float32 (shape: samples, features), tokens as int64 (shape: samples,
            steps), or sequences as float32 (shape: samples, steps, channels).
        targets: Class numbers as int64 (shape: samples; samples, steps where each step has
            one), or float32 (shape: samples, outputs): 0 and 1 for multilabel, values in
            their own units for regression.

    Raises:
        ValueError: If there are not as many targets as inputs.
    """

    inputs: Shaped[Tensor, "samples *shape"]
    targets: Shaped[Tensor, "samples *outputs"]

    def __post_init__(self) -> None:
        _check_lengths("inputs", len(self.inputs), len(self.targets))

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return tuple(self.inputs.shape[1:])

    @property
    def dtype(self) -> InputType:
        """Type of the inputs."""
        return _TYPES.get(self.inputs.dtype, "float32")

    def select(self, indices: Int64[Tensor, " selected"]) -> "ArraySplit":
        """Return the samples at `indices`, in that order."""
        return ArraySplit(self.inputs[indices], self.targets[indices])


@dataclass(frozen=True, slots=True)
class FileSplit:
    """Image files that are decoded one by one when they are needed.

    Attributes:
        paths: One file per sample.
        targets: As in `ArraySplit`.
        mode: "L" for one gray channel, "RGB" for three; every file is converted to it.
        image_size: Side of the square that `read` returns, or None where all files have one
            size already.

    Raises:
        ValueError: If there are not as many targets as paths.
    """

    paths: tuple[Path, ...]
    targets: Shaped[Tensor, "samples *outputs"]
    mode: ImageMode
    image_size: int | None = None

    def __post_init__(self) -> None:
        _check_lengths("paths", len(self.paths), len(self.targets))

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        if self.image_size is None:
            return tuple(self.read(0).shape)
        return (1 if self.mode == "L" else 3, self.image_size, self.image_size)

    @property
    def dtype(self) -> InputType:
        """Type of the inputs."""
        return "uint8"

    def select(self, indices: Int64[Tensor, " selected"]) -> "FileSplit":
        """Return the samples at `indices`, in that order."""
        paths = tuple(self.paths[index] for index in indices.tolist())
        return FileSplit(paths, self.targets[indices], self.mode, self.image_size)

    def read(
        self, index: int, crop: Crop | None = None
    ) -> UInt8[Tensor, "channels height width"]:
        """Decode sample `index`, with the centre cut out unless there is a `crop`.

        Raises:
            DataError: If the file cannot be decoded.
        """
        return decode_image(self.paths[index], self.mode, self.image_size, crop or Crop())


Split = ArraySplit | FileSplit


def _check_lengths(what: str, length: int, num_targets: int) -> None:
    if length != num_targets:
        raise ValueError(
            f"a split needs one target for each of its {what}, got {length} {what} and "
            f"{num_targets} targets"
        )
