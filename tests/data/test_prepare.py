from collections.abc import Sequence
from typing import Any

import pytest
import torch

from headway.data import ArraySplit, DataSplits, Source, TaskKind, prepare_data, read_source
from headway.errors import DataError


def _split(targets: Sequence[Any], start: int = 0) -> ArraySplit:
    """Samples that hold their own number."""
    numbers = torch.arange(start, start + len(targets), dtype=torch.float32)
    return ArraySplit(numbers[:, None], torch.tensor(targets))


def _source(
    counts: Sequence[int], task: TaskKind = "classification", **parts: Any
) -> Source:
    targets = [label for label, count in enumerate(counts) for _ in range(count)]
    classes = tuple("abcdefghij"[: len(counts)])
    return Source(
        name="set",
        kind="tabular",
        task=task,
        classes=classes,
        train=_split(targets),
        **parts,
    )


def _prepare(
    source: Source, val: float = 0.1, test: float = 0.2, seed: int = 0
) -> DataSplits:
    return prepare_data(source, val_fraction=val, test_fraction=test, split_seed=seed)


def _numbers(split: Any) -> list[int]:
    return [] if split is None else split.inputs[:, 0].int().tolist()


def test_every_sample_is_in_exactly_one_part():
    splits = _prepare(_source([40, 30, 30]))
    numbers = [
        n for part in (splits.train, splits.val, splits.test) for n in _numbers(part)
    ]
    assert sorted(numbers) == list(range(100))


@pytest.mark.parametrize(
    "counts", [(50, 30, 20), (97, 2, 31), (7, 11, 13, 17), (5, 5, 5, 15, 26, 4)], ids=str
)
def test_every_class_has_its_share_to_the_rounding(counts: tuple[int, ...]):
    splits = _prepare(_source(counts))
    total = sum(counts)
    for part, fraction in ((splits.val, 0.1), (splits.test, 0.2)):
        assert part is not None
        assert len(part) == round(fraction * total)
        found = part.targets.bincount(minlength=len(counts))
        assert ((found - torch.tensor(counts) * fraction).abs() < 1).all()


def test_the_digits_are_divided_to_the_rounding():
    source = read_source("digits")
    splits = _prepare(source)
    assert splits.test is not None
    share = source.train.targets.bincount() * len(splits.test) / 1797
    assert ((splits.test.targets.bincount() - share).abs() < 1).all()


def test_the_same_seed_gives_the_same_parts():
    first, second = _prepare(_source([50, 50])), _prepare(_source([50, 50]))
    assert _numbers(first.test) == _numbers(second.test)
    assert _numbers(first.val) == _numbers(second.val)


def test_another_seed_gives_other_parts():
    first, second = _prepare(_source([50, 50])), _prepare(_source([50, 50]), seed=1)
    assert _numbers(first.test) != _numbers(second.test)


def test_the_test_part_does_not_depend_on_the_validation_part():
    source = _source([50, 50])
    assert _numbers(_prepare(source, val=0.0).test) == _numbers(
        _prepare(source, val=0.3).test
    )


def test_the_parts_stay_the_same_in_every_version():
    splits = _prepare(_source([10, 10]))
    assert (_numbers(splits.val), _numbers(splits.test)) == ([7, 11], [5, 8, 16, 19])


def test_every_sample_is_held_out_equally_often():
    source = _source([15, 5])
    counts = torch.zeros(20)
    for seed in range(400):
        counts[_numbers(_prepare(source, seed=seed).test)] += 1
    # Binomial with 400 draws of 0.2: mean 80, standard deviation 8.
    assert ((counts - 80).abs() < 5 * 8).all()


def test_values_are_divided_at_random():
    source = Source(
        name="set",
        kind="tabular",
        task="regression",
        target_names=("y",),
        train=_split([[0.5]] * 40),
    )
    splits = _prepare(source)
    assert (splits.info.num_train, splits.info.num_val, splits.info.num_test) == (28, 4, 8)
    assert _numbers(splits.test) != list(range(8))


def test_own_parts_are_kept_whole():
    source = _source([20, 20], val=_split([0, 1], 40), test=_split([0, 1, 1], 42))
    splits = _prepare(source)
    assert splits.train is source.train
    assert (splits.val, splits.test) == (source.val, source.test)


def test_a_validation_part_is_taken_from_the_training_part_only():
    splits = _prepare(_source([20, 20], test=_split([0, 1, 1], 40)))
    assert _numbers(splits.test) == [40, 41, 42]
    assert sorted(_numbers(splits.train) + _numbers(splits.val)) == list(range(40))
    assert len(_numbers(splits.val)) == 4


def test_fractions_of_zero_leave_the_source_whole():
    splits = _prepare(_source([3, 1]), val=0.0, test=0.0)
    assert (len(splits.train), splits.val, splits.test) == (4, None, None)


def test_a_small_set_still_gets_a_sample_in_each_part():
    info = _prepare(_source([2, 2]), val=0.01, test=0.01).info
    assert (info.num_train, info.num_val, info.num_test) == (2, 1, 1)


def test_classes_too_small_for_all_parts_are_refused():
    with pytest.raises(DataError, match="too small for a test and a validation part"):
        _prepare(_source([2, 2]), val=0.2, test=0.5)


def test_every_class_keeps_a_sample_to_learn_from():
    splits = _prepare(_source([2, 2, 2]), val=0.4, test=0.4)
    assert splits.train.targets.unique().tolist() == [0, 1, 2]


def test_facts_about_the_data_are_gathered():
    info = _prepare(read_source("digits")).info
    assert (info.name, info.kind, info.input_shape) == ("digits", "image", (1, 8, 8))
    assert (info.num_train, info.num_val, info.num_test) == (1258, 180, 359)
    assert info.num_outputs == 10


@pytest.mark.parametrize(
    ("inputs", "dtype"),
    [(torch.zeros(4, 1, 2, 2, dtype=torch.uint8), "uint8"), (torch.zeros(4, 3), "float32")],
    ids=["bytes", "floats"],
)
def test_the_type_of_the_raw_inputs_is_told(inputs: torch.Tensor, dtype: str):
    split = ArraySplit(inputs, torch.tensor([0, 0, 1, 1]))
    source = Source(
        name="set", kind="image", task="classification", classes=("a", "b"), train=split
    )
    assert _prepare(source, val=0.0, test=0.0).info.dtype == dtype


def test_the_names_of_the_features_are_told():
    info = _prepare(_source([5, 5], feature_names=("length",))).info
    assert info.feature_names == ("length",)


def test_a_source_to_measure_on_is_not_trained_on():
    with pytest.raises(DataError, match="all samples are of one class"):
        _prepare(_source([5, 5], untrainable="set: all samples are of one class"))


def test_a_class_with_a_single_sample_is_named():
    with pytest.raises(
        DataError, match=r"a class with a single sample cannot be divided.*: b, d"
    ):
        _prepare(_source([5, 1, 5, 1]))


@pytest.mark.parametrize("fraction", [-0.1, 1.0])
def test_a_fraction_out_of_range_is_refused(fraction: float):
    message = rf"data\.test_fraction must be from 0 to below 1, got {fraction}"
    with pytest.raises(DataError, match=message):
        _prepare(_source([5, 5]), test=fraction)


def test_fractions_that_leave_nothing_to_learn_from_are_refused():
    with pytest.raises(DataError, match="5 test and 5 validation samples leave none of 10"):
        _prepare(_source([5, 5]), val=0.5, test=0.5)
