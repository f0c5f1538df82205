import math

import pytest
import torch

from headway.data import align_source, prepare_data, read_source
from headway.errors import DataError
from headway.tasks import build_task

NAMES = ["adding:20", "copy:5", "temporal-order:20"]


def divided(spec):
    source = read_source(spec)
    return prepare_data(source, val_fraction=0.1, test_fraction=0.2, split_seed=0)


def test_adding_asks_for_the_sum_of_the_two_marked_numbers():
    split = read_source("adding:30").train
    values, marks = split.inputs.unbind(dim=2)
    torch.testing.assert_close((values * marks).sum(1, keepdim=True), split.targets)
    assert set(marks.flatten().tolist()) == {0.0, 1.0}
    assert values.min() >= 0
    assert values.max() < 1


def test_adding_marks_one_number_in_each_half():
    marks = read_source("adding:30").train.inputs[:, :, 1]
    assert (marks[:, :15].sum(1) == 1).all()
    assert (marks[:, 15:].sum(1) == 1).all()


def test_the_best_constant_answer_to_adding_is_one_with_an_error_of_a_sixth():
    targets = read_source("adding").train.targets
    assert float((targets - 1).square().mean()) == pytest.approx(1 / 6, abs=0.01)


def test_copy_asks_for_the_first_ten_symbols_at_the_end():
    split = read_source("copy:7").train
    assert split.inputs.shape == split.targets.shape == (10_000, 27)
    torch.testing.assert_close(split.targets[:, -10:], split.inputs[:, :10])


def test_copy_counts_the_last_ten_steps_alone():
    targets = read_source("copy:7").train.targets
    assert (targets[:, :-10] == -100).all()


def test_copy_says_when_to_begin():
    inputs = read_source("copy:7").train.inputs
    assert (inputs[:, -10] == 9).all()
    assert (inputs[:, 10:-10] == 8).all()
    assert (inputs[:, -9:] == 8).all()


def test_guessing_in_copy_costs_the_logarithm_of_eight():
    splits = divided("copy:0")
    task = build_task(splits.info, splits.train.targets)
    chance = task.chance_level(splits.train.targets)["loss"]
    assert chance == pytest.approx(math.log(8), abs=0.001)


def test_temporal_order_is_the_order_of_its_two_rare_symbols():
    source = read_source("temporal-order:30")
    symbols = source.train.inputs.argmax(dim=2)
    rare = [[f"{'XY'[s - 4]}" for s in row if s >= 4] for row in symbols.tolist()[:500]]
    classes = [source.classes[target] for target in source.train.targets.tolist()[:500]]
    assert ["".join(pair) for pair in rare] == classes


def test_the_rare_symbols_stand_in_the_second_and_in_the_sixth_tenth():
    is_rare = read_source("temporal-order:30").train.inputs[:, :, 4:].sum(2)
    assert is_rare.sum(0).nonzero().flatten().tolist() == [3, 4, 5, 15, 16, 17]


@pytest.mark.parametrize("name", NAMES)
def test_sequences_are_always_the_same(name):
    assert torch.equal(read_source(name).train.inputs, read_source(name).train.inputs)


@pytest.mark.parametrize(
    ("name", "shape"), [("adding", (50, 2)), ("copy", (40,)), ("temporal-order", (50, 6))]
)
def test_there_is_a_length_for_those_who_name_none(name, shape):
    assert read_source(name).train.input_shape == shape


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_has_a_task(name):
    splits = divided(name)
    assert build_task(splits.info, splits.train.targets).chance_level(splits.train.targets)


@pytest.mark.parametrize("name", NAMES)
def test_longer_sequences_of_the_same_kind_can_be_measured(name):
    info = divided(name).info
    longer = read_source(name.partition(":")[0] + ":40")
    assert align_source(longer, info).train.input_shape[0] >= 40


def test_sequences_of_another_kind_are_refused():
    info = divided("copy:5").info
    with pytest.raises(DataError, match="holds sequence data for regression"):
        align_source(read_source("adding"), info)


@pytest.mark.parametrize("spec", ["adding:x", "adding:1", "adding:", "temporal-order:-20"])
def test_lengths_that_are_none_are_refused(spec):
    with pytest.raises(DataError, match="the length must be a whole number of at least"):
        read_source(spec)
