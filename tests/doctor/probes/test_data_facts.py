"""Facts about the data of a program."""

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Examples
from headway.doctor.probes.data_facts import DataFacts, facts_of, probe_data_facts
from headway.doctor.program import Program
from headway.doctor.task import TaskFacts

CLASSES = TaskFacts(kind="classes", num_classes=3, encoding="ids")


def facts(train, val=None, task: TaskFacts = CLASSES) -> DataFacts:
    model = nn.Linear(4, 3)
    program = Program(
        model=model,
        loss_fn=nn.CrossEntropyLoss(),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        train=Examples(source=train),
        val=Examples(source=val) if val is not None else None,
    )
    evidence = Evidence(make=lambda seed: program, program=program, task=task)
    return probe_data_facts(evidence, Budget())


def randn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def test_numbers_that_are_none_are_counted_and_left_out():
    tensor = torch.tensor([[1.0, torch.nan], [3.0, torch.inf]])

    seen = facts_of(tensor)

    assert (seen.nan_fraction, seen.inf_fraction) == (0.25, 0.25)
    assert (seen.low, seen.high, seen.mean) == (1, 3, 2)


def test_features_that_never_change_are_counted():
    tensor = torch.tensor([[1.0, 5, 0], [1, 6, 0]])

    seen = facts_of(tensor)

    assert seen.constant_fraction == pytest.approx(2 / 3)
    assert seen.zero_fraction == pytest.approx(1 / 3)


def test_classes_are_counted_without_what_is_ignored():
    ids = torch.tensor([0, 0, 2, -100])

    assert facts((randn(4, 4), ids)).class_counts == {0: 2, 2: 1}


def test_copies_and_conflicts_are_counted():
    inputs = torch.tensor([[1.0], [1.0], [2.0], [3.0]])
    ids = torch.tensor([0, 1, 2, 0])

    seen = facts((inputs, ids))

    assert (seen.copies, seen.repeated, seen.conflicts) == (0.25, 0.5, 0.5)


def test_validation_samples_from_training_are_counted():
    train, val = randn(20, 4), randn(10, 4)
    val = torch.cat([val[:6], train[:4]])

    seen = facts((train, torch.zeros(20).long()), (val, torch.zeros(10).long()))

    assert seen.val_in_train == pytest.approx(0.4)
    assert not seen.is_val_train


def test_validation_data_that_is_the_training_data_is_told():
    data = randn(20, 4), torch.zeros(20).long()

    assert facts(data, data).is_val_train


def test_targets_that_follow_from_the_inputs_are_told_from_shuffled_ones():
    inputs = randn(300, 4)
    ids = (inputs[:, 0] > 0).long() + (inputs[:, 0] > 1).long()
    order = torch.randperm(300, generator=torch.Generator().manual_seed(0))

    seen = facts((inputs, ids), (inputs, ids[order]))

    assert seen.train_tells > 10
    assert abs(seen.val_tells) < 3


def test_values_tell_too():
    inputs = randn(300, 4)
    task = TaskFacts(kind="values", encoding="column")

    assert facts((inputs, inputs[:, :1].sin()), task=task).train_tells > 10


def test_inputs_of_several_parts_are_read():
    inputs = {"ids": torch.arange(12).reshape(6, 2), "size": randn(6, 3)}

    seen = facts((inputs, torch.zeros(6).long()))

    assert [part.is_floating_point for part in seen.inputs] == [False, True]


def test_contexts_that_repeat_by_nature_are_no_leak_where_a_part_is_read(monkeypatch):
    monkeypatch.setattr("headway.doctor.probes.data_facts._MOST_READ", 500)
    generator = torch.Generator().manual_seed(0)
    letters = torch.randint(0, 10, (2000, 3), generator=generator)
    ids = torch.randint(0, 3, (2000,), generator=generator)

    seen = facts((letters[:1600], ids[:1600]), (letters[1600:], ids[1600:]))

    assert seen.val_in_train > 0.4
    assert seen.leaked == 0


def test_the_same_inputs_with_other_targets_are_no_leak():
    inputs = torch.arange(200.0).reshape(200, 1)
    ids = torch.arange(200) % 3
    other = torch.where(torch.arange(200) < 4, ids, (ids + 1) % 3)

    assert facts((inputs, ids), (inputs[:190], other[:190])).leaked < 0.05
    assert facts((inputs, ids), (inputs[:190], ids[:190])).leaked > 0.9


def test_samples_of_validation_data_that_are_trained_on_are_leaked_in_a_part(monkeypatch):
    monkeypatch.setattr("headway.doctor.probes.data_facts._MOST_READ", 500)
    train = randn(1000, 4)
    ids = torch.zeros(1000).long()

    seen = facts((train, ids), (torch.cat([train[:200], randn(200, 5)[:, 1:]]), ids[:400]))

    assert seen.leaked == pytest.approx(0.5, abs=0.2)
