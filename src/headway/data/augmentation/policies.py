"""Augmentation by policies: operations drawn for every sample out of a published set."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from headway.data.augmentation.elementary import OPERATIONS, Bytes, Magnitudes
from headway.data.augmentation.moves import Images
from headway.data.augmentation.streams import POLICY
from headway.data.augmentation.sub_policies import SUB_POLICIES
from headway.data.random import uniform

Numbers = Int64[Tensor, " batch"]
Draws = Float32[Tensor, "batch draws"]

_NAMES = tuple(OPERATIONS)
# The number of no operation.
_NOTHING = len(_NAMES)
_NUM_BINS = 31


@dataclass(frozen=True, slots=True)
class Range:
    """Magnitudes of an operation, from level 0 to level 1.

    Attributes:
        low: Magnitude at level 0.
        high: Magnitude at level 1.
        is_signed: Whether half of the samples take it with a minus.
        is_whole: Whether it is rounded to a whole number.
    """

    low: float = 0.0
    high: float = 0.0
    is_signed: bool = False
    is_whole: bool = False


Space = dict[str, Range]


class Policy(ABC):
    """Operations drawn for every sample and done one after the other, on uint8 images."""

    @property
    @abstractmethod
    def _num_draws(self) -> int:
        """Random numbers that a sample takes."""

    def __call__(
        self, images: Images, indices: Int64[Tensor, " batch"], *, seed: int, epoch: int
    ) -> Images:
        """Return the changed images.

        Args:
            images: With one or three channels.
            indices: Number of every image in its data set.
            seed: Seed of the run.
            epoch: Pass over the data, from 0.

        Raises:
            ValueError: If the images are not uint8, or have other numbers of channels.
        """
        if images.dtype != torch.uint8 or images.shape[1] not in (1, 3):
            raise ValueError(
                f"{type(self).__name__} is for uint8 images of 1 or 3 channels, got "
                f"{images.dtype} with {images.shape[1]}"
            )
        draws = uniform(seed, epoch, indices, POLICY, self._num_draws)
        height, width = images.shape[2:]
        for operation, magnitude in self._choose(draws, height, width):
            images = apply_by_number(images, operation, magnitude)
        return images

    @abstractmethod
    def _choose(
        self, draws: Draws, height: int, width: int
    ) -> Sequence[tuple[Numbers, Magnitudes]]:
        """Return operation and magnitude of every sample, round by round."""


@dataclass(frozen=True, slots=True)
class AutoAugment(Policy):
    """One of 25 learned pairs of operations for every sample, each done by its own chance.

    Attributes:
        learned_on: The data set that the pairs were learned on.

    Reference:
        Cubuk et al., "AutoAugment: Learning Augmentation Policies from Data", 2018,
        tables 6 to 9. arXiv:1805.09501.

    Example:
        >>> images = torch.zeros(2, 3, 32, 32, dtype=torch.uint8)
        >>> AutoAugment("cifar10")(images, torch.tensor([0, 1]), seed=0, epoch=0).shape
        torch.Size([2, 3, 32, 32])
    """

    learned_on: Literal["cifar10", "imagenet", "svhn"] = "imagenet"

    def __post_init__(self) -> None:
        if self.learned_on not in SUB_POLICIES:
            raise ValueError(
                f"learned_on must be one of {', '.join(SUB_POLICIES)}, got {self.learned_on!r}"
            )

    @property
    def _num_draws(self) -> int:
        return 5

    def _choose(
        self, draws: Draws, height: int, width: int
    ) -> Sequence[tuple[Numbers, Magnitudes]]:
        table = torch.tensor(sub_policies(self.learned_on), device=draws.device)
        picked = table[(draws[:, 0] * len(table)).long()]
        space = standard_space(height, width)
        rounds: list[tuple[Numbers, Magnitudes]] = []
        for pair, first in ((0, 1), (1, 3)):
            operation, probability, level = picked[:, pair].unbind(dim=1)
            is_done = draws[:, first] < probability
            operation = torch.where(is_done, operation, _NOTHING).long()
            rounds.append(
                (operation, magnitudes(space, operation, level, draws[:, first + 1]))
            )
        return rounds


@dataclass(frozen=True, slots=True)
class RandAugment(Policy):
    """A few of 14 operations for every sample, all at one magnitude.

    Attributes:
        operations: Operations for each sample.
        magnitude: Strength of all of them, 0 to 30.

    Raises:
        ValueError: If a setting is out of range.

    Reference:
        Cubuk et al., "RandAugment: Practical Automated Data Augmentation with a Reduced
        Search Space", 2019. arXiv:1909.13719.
    """

    operations: int = 2
    magnitude: int = 9

    def __post_init__(self) -> None:
        if self.operations < 1:
            raise ValueError(f"operations must be at least 1, got {self.operations}")
        if not 0 <= self.magnitude < _NUM_BINS:
            raise ValueError(f"magnitude must be from 0 to 30, got {self.magnitude}")

    @property
    def _num_draws(self) -> int:
        return 2 * self.operations

    def _choose(
        self, draws: Draws, height: int, width: int
    ) -> Sequence[tuple[Numbers, Magnitudes]]:
        space = standard_space(height, width)
        level = torch.full_like(draws[:, 0], self.magnitude / (_NUM_BINS - 1))
        choices, signs = draws.chunk(2, dim=1)
        rounds: list[tuple[Numbers, Magnitudes]] = []
        for choice, sign in zip(choices.unbind(dim=1), signs.unbind(dim=1), strict=True):
            operation = _any_but_invert(choice)
            rounds.append((operation, magnitudes(space, operation, level, sign)))
        return rounds


@dataclass(frozen=True, slots=True)
class TrivialAugment(Policy):
    """One of 14 operations for every sample, at a magnitude drawn from a wide range.

    Reference:
        Müller and Hutter, "TrivialAugment: Tuning-free Yet State-of-the-Art Data
        Augmentation", 2021, the wide space. arXiv:2103.10158.
    """

    @property
    def _num_draws(self) -> int:
        return 3

    def _choose(
        self, draws: Draws, height: int, width: int
    ) -> Sequence[tuple[Numbers, Magnitudes]]:
        choice, bin_, sign = draws.unbind(dim=1)
        operation = _any_but_invert(choice)
        level = (bin_ * _NUM_BINS).floor() / (_NUM_BINS - 1)
        return [(operation, magnitudes(wide_space(), operation, level, sign))]


def standard_space(height: int, width: int) -> Space:
    """Return the magnitudes of AutoAugment and RandAugment for images of this size."""
    blend = Range(0.0, 0.9, is_signed=True)
    shear = Range(0.0, 0.3, is_signed=True)
    return {
        **dict.fromkeys(("Brightness", "Color", "Contrast", "Sharpness"), blend),
        **dict.fromkeys(("ShearX", "ShearY"), shear),
        # The authors' range for images of 331 pixels, as a part of the side.
        "TranslateX": Range(0.0, 150 / 331 * width, is_signed=True),
        "TranslateY": Range(0.0, 150 / 331 * height, is_signed=True),
        "Rotate": Range(0.0, 30.0, is_signed=True),
        "Posterize": Range(8.0, 4.0, is_whole=True),
        "Solarize": Range(1.0, 0.0),
    }


def wide_space() -> Space:
    """Return the magnitudes of TrivialAugment."""
    factors = ("Brightness", "Color", "Contrast", "Sharpness", "ShearX", "ShearY")
    return {
        **dict.fromkeys(factors, Range(0.0, 0.99, is_signed=True)),
        **dict.fromkeys(("TranslateX", "TranslateY"), Range(0.0, 32.0, is_signed=True)),
        "Rotate": Range(0.0, 135.0, is_signed=True),
        "Posterize": Range(8.0, 2.0, is_whole=True),
        "Solarize": Range(1.0, 0.0),
    }


def sub_policies(learned_on: str) -> list[list[tuple[int, float, float]]]:
    """Return number, probability and level of both operations of each sub-policy."""
    return [
        [_parse(operation) for operation in line.split(",")]
        for line in SUB_POLICIES[learned_on].strip().splitlines()
    ]


def magnitudes(
    space: Space, operation: Numbers, level: Magnitudes, sign: Magnitudes
) -> Magnitudes:
    """Return the magnitude of every sample's operation at its level.

    Args:
        space: Ranges by name of the operation.
        operation: Numbers of the operations.
        level: Position in the range, 0 to 1.
        sign: Draws from [0, 1); below one half, a signed magnitude is negative.
    """
    ranges = [space.get(name, Range()) for name in (*_NAMES, "")]
    table = torch.tensor(
        [(r.low, r.high, float(r.is_signed), float(r.is_whole)) for r in ranges],
        device=level.device,
    )
    low, high, is_signed, is_whole = table[operation].unbind(dim=1)
    value = low + level * (high - low)
    value = torch.where(is_whole > 0, value.round(), value)
    return torch.where((is_signed > 0) & (sign < 0.5), -value, value)


def apply_by_number(images: Bytes, operation: Numbers, magnitude: Magnitudes) -> Bytes:
    """Do each sample's operation, all samples of one operation together."""
    counts = torch.bincount(operation, minlength=_NOTHING + 1)[:_NOTHING].tolist()
    order = operation.argsort(stable=True)
    changed = images.clone()
    start = 0
    for name, count in zip(_NAMES, counts, strict=True):
        if count:
            picks = order[start : start + count]
            part = images.index_select(0, picks)
            changed[picks] = OPERATIONS[name](part, magnitude[picks])
        start += count
    return changed


def _any_but_invert(choice: Float32[Tensor, " batch"]) -> Numbers:
    """Turn draws from [0, 1) into one of 13 operations, or none: the paper's 14."""
    numbers = [number for number, name in enumerate(_NAMES) if name != "Invert"]
    table = torch.tensor([*numbers, _NOTHING], device=choice.device)
    return table[(choice * len(table)).long()]


def _parse(text: str) -> tuple[int, float, float]:
    name, tenths, magnitude = text.split()
    level = 0.0 if magnitude == "-" else int(magnitude) / 9
    return _NAMES.index(name), int(tenths) / 10, level
