"""Divides a source into what is learned from, chosen by and held out."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Int64
from torch import Tensor

from headway.data.info import DataInfo
from headway.data.random import uniform
from headway.data.sources.source import Source
from headway.data.splits import Split
from headway.data.text import divide_text
from headway.data.text_split import TextSplit
from headway.errors import DataError

# Far from the streams of the augmentations, whose seed may be the same number.
_TEST_STREAM = 1001
_VAL_STREAM = 1002
_NUM_NAMED = 5

Indices = Int64[Tensor, "_"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DataSplits:
    """The parts of a data set; no sample is in two of them.

    Attributes:
        train: Samples to learn from.
        val: Samples to choose by, or None where none were asked for.
        test: Samples held out, or None where none were asked for.
        info: Facts about the data.
    """

    train: Split
    val: Split | None
    test: Split | None
    info: DataInfo


def prepare_data(
    source: Source, *, val_fraction: float, test_fraction: float, split_seed: int
) -> DataSplits:
    """Divide a source; parts that it brings itself are kept as they are.

    A text is cut into three stretches, the first to learn from and the last to test on. The
    parts of a classification have the class frequencies of the whole, to the rounding;
    those of other tasks are random. The test part depends on `split_seed` and
    `test_fraction` alone, not on `val_fraction`.

    Args:
        source: What to divide.
        val_fraction: Share of the samples of `source.train` to choose by; 0 for none.
        test_fraction: Share of the samples of `source.train` to hold out; 0 for none.
        split_seed: Which of the possible divisions.

    Raises:
        DataError: If there is nothing to learn, the fractions leave nothing to learn from,
            or a class has a single sample and cannot be divided.

    Example:
        >>> from headway.data import read_source
        >>> source = read_source("digits")
        >>> splits = prepare_data(source, val_fraction=0.1, test_fraction=0.2, split_seed=0)
        >>> len(splits.train), len(splits.val), len(splits.test)
        (1258, 180, 359)
    """
    if source.untrainable:
        raise DataError(source.untrainable)
    if isinstance(source.train, TextSplit):
        return _prepare_text(source, source.train, val_fraction, test_fraction)
    num_val, num_test = _num_wanted(source, val_fraction, test_fraction)
    train, val, test = _divide(source, num_val, num_test, split_seed)
    return _describe(
        source,
        train=source.train.select(train) if num_val + num_test else source.train,
        val=source.train.select(val) if num_val else source.val,
        test=source.train.select(test) if num_test else source.test,
    )


def _prepare_text(
    source: Source, split: TextSplit, val_fraction: float, test_fraction: float
) -> DataSplits:
    parts = divide_text(
        split, source.name, val_fraction=val_fraction, test_fraction=test_fraction
    )
    source = replace(source, classes=parts.characters)
    return _describe(source, train=parts.train, val=parts.val, test=parts.test)


def _num_wanted(
    source: Source, val_fraction: float, test_fraction: float
) -> tuple[int, int]:
    """Return how many samples to take from the training part for validation and test."""
    num_samples = len(source.train)
    num_val = num_test = 0
    if source.val is None:
        num_val = _num_held_out(val_fraction, num_samples, "val")
    if source.test is None:
        num_test = _num_held_out(test_fraction, num_samples, "test")
    if num_val + num_test >= num_samples:
        raise DataError(
            f"{source.name}: {num_test} test and {num_val} validation samples leave none "
            f"of {num_samples} to learn from; lower data.test_fraction or data.val_fraction"
        )
    return num_val, num_test


def _num_held_out(fraction: float, num_samples: int, part: str) -> int:
    if not 0.0 <= fraction < 1.0:
        raise DataError(f"data.{part}_fraction must be from 0 to below 1, got {fraction}")
    return max(1, round(fraction * num_samples)) if fraction > 0 else 0


def _strata(source: Source, *, is_divided: bool) -> Indices:
    """Return the group of every sample; each group is divided in the same proportions."""
    targets = source.train.targets
    if source.task != "classification" or not is_divided:
        return torch.zeros(len(targets), dtype=torch.int64)
    counts = targets.bincount(minlength=len(source.classes)).tolist()
    singles = [
        name for name, count in zip(source.classes, counts, strict=True) if count == 1
    ]
    if singles:
        raise DataError(
            f"{source.name}: a class with a single sample cannot be divided into a part to "
            f"learn from and one held out: {_listed(singles)}; add samples or take it out"
        )
    return targets


def _divide(
    source: Source, num_val: int, num_test: int, seed: int
) -> tuple[Indices, Indices, Indices]:
    strata = _strata(source, is_divided=num_val + num_test > 0)
    everything = torch.arange(len(strata))
    # First the test part, so that it does not depend on the validation part.
    rest, test = _hold_out(everything, strata, num_test, seed, _TEST_STREAM)
    train, val = _hold_out(rest, strata, num_val, seed, _VAL_STREAM)
    if num_val > 0 and len(val) == 0:
        raise DataError(
            f"{source.name}: the classes are too small for a test and a validation part: "
            "each keeps one sample to learn from; add samples or set data.val_fraction=0"
        )
    return train, val, test


def _hold_out(
    candidates: Indices, strata: Indices, number: int, seed: int, stream: int
) -> tuple[Indices, Indices]:
    """Return the candidates that stay and the `number` that are held out, both sorted."""
    groups = strata[candidates]
    all_counts = strata.bincount()
    counts = groups.bincount(minlength=len(all_counts))
    # At least one sample of each group stays to learn from.
    quotas = _apportion(all_counts, (counts - 1).clamp(min=0), number)
    # Hashes rather than a generator: the division is then the same in every version.
    draws = uniform(seed, 0, candidates, stream, 1)[:, 0]
    order = draws.argsort(stable=True)
    order = order[groups[order].argsort(stable=True)]
    starts = counts.cumsum(0) - counts
    rank = torch.arange(len(order)) - starts[groups[order]]
    is_held_out = torch.zeros(len(order), dtype=torch.bool)
    is_held_out[order] = rank < quotas[groups[order]]
    return candidates[~is_held_out], candidates[is_held_out]


def _apportion(
    counts: Int64[Tensor, " groups"], room: Int64[Tensor, " groups"], number: int
) -> Int64[Tensor, " groups"]:
    """Share `number` out in proportion to `counts` by largest remainders.

    No group gives more than it has room for, so that the sum is less where room is scarce.
    """
    shares = counts.to(torch.float64) * number / counts.sum()
    quotas = shares.floor().to(torch.int64).minimum(room)
    remainders = (shares - quotas).masked_fill(quotas == room, -1.0)
    extra = remainders.argsort(descending=True, stable=True)[: number - int(quotas.sum())]
    quotas[extra] += 1
    return quotas.minimum(room)


def _describe(
    source: Source, *, train: Split, val: Split | None, test: Split | None
) -> DataSplits:
    info = DataInfo(
        name=source.name,
        kind=source.kind,
        input_shape=train.input_shape,
        dtype=train.dtype,
        task=source.task,
        classes=source.classes,
        target_names=source.target_names,
        feature_names=source.feature_names,
        num_train=len(train),
        num_val=_length(val),
        num_test=_length(test),
        skipped=source.skipped,
    )
    return DataSplits(train=train, val=val, test=test, info=info)


def _listed(names: list[str]) -> str:
    more = len(names) - _NUM_NAMED
    return ", ".join(names[:_NUM_NAMED]) + f" and {more} more" * (more > 0)


def _length(split: Split | None) -> int:
    return 0 if split is None else len(split)
