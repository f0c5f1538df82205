"""What the trained network makes of validation data that differs from the training data."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.checks.other_numbers import check_other_numbers
from headway.doctor.checks.other_preparation import check_other_preparation
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Examples
from headway.doctor.probes.confusion import Confusion, probe_confusion
from headway.doctor.probes.other_inputs import OtherInputs, probe_other_inputs
from headway.doctor.program import Program


def images(digits) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    source = digits()(0)
    train, val = source.train.source, source.val.source
    return train[0].reshape(-1, 1, 8, 8), train[1], val[0].reshape(-1, 1, 8, 8), val[1]


def evidence_of(digits, measured, *, inputs=None, targets=None) -> Evidence:
    """Measure a program whose validation data is changed by functions."""
    x, y, other_x, other_y = images(digits)
    val = (
        other_x if inputs is None else inputs(other_x),
        other_y if targets is None else targets(other_y),
    )

    def make(seed: int) -> Program:
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
        return Program(
            model=model,
            loss_fn=nn.CrossEntropyLoss(),
            optimizer=torch.optim.Adam(model.parameters(), lr=0.01),
            train=Examples(source=(x, y)),
            val=Examples(source=val, shuffle=False),
            epochs=5,
            metric="accuracy",
            seed=seed,
        )

    evidence = measured(make)
    evidence.confusion = probe_confusion(evidence, Budget())
    evidence.other_inputs = probe_other_inputs(evidence, Budget())
    return evidence


PREPARED = {
    "scaled": ("input_scale", lambda x: 3 * x + 4),
    "inverted": ("input_scale", lambda x: 1 - x),
    "transposed": ("bad_data", lambda x: x.transpose(-1, -2)),
}


@pytest.mark.parametrize(("cause", "change"), PREPARED.values(), ids=PREPARED)
def test_validation_inputs_that_are_prepared_otherwise_are_certain(
    digits, measured, cause, change
):
    evidence = evidence_of(digits, measured, inputs=change)

    (found,) = check_other_preparation(evidence)

    assert (found.cause, found.is_certain) == (cause, True)
    assert not list(check_other_numbers(evidence))


NUMBERED = {
    "in another order": torch.tensor([8, 1, 4, 2, 9, 5, 6, 0, 3, 7]),
    "two exchanged": torch.tensor([1, 0, 2, 3, 4, 5, 6, 7, 8, 9]),
    "from one": torch.arange(10).roll(1),
}


@pytest.mark.parametrize("order", NUMBERED.values(), ids=NUMBERED)
def test_classes_that_validation_numbers_otherwise_are_certain(digits, measured, order):
    evidence = evidence_of(digits, measured, targets=lambda y: order[y])

    (found,) = check_other_numbers(evidence)

    assert (found.cause, found.is_certain) == ("label_encoding", True)


CHANGED = {
    "as it is": (None, None),
    "with noise": (lambda x: x + 0.4 * torch.randn(x.shape), None),
    "with targets of chance": (None, lambda y: y[torch.randperm(len(y))]),
}


@pytest.mark.parametrize(("inputs", "targets"), CHANGED.values(), ids=CHANGED)
def test_nothing_is_said_of_validation_data(digits, measured, inputs, targets):
    torch.manual_seed(0)
    evidence = evidence_of(digits, measured, inputs=inputs, targets=targets)

    assert not list(check_other_numbers(evidence))
    assert not list(check_other_preparation(evidence))


def test_a_network_that_has_learned_nothing_answers_nothing_better(digits, measured):
    evidence = evidence_of(digits, measured)
    last = evidence.course.evaluations[-1]
    poor = replace(last.train, standard=-1.1)
    evidence.course.evaluations[-1] = replace(last, train=poor)
    evidence.other_inputs = OtherInputs(
        own=-1.5, changed={"inverted, dark for light": -0.8}
    )

    assert not list(check_other_preparation(evidence))


def test_two_classes_that_are_hard_to_tell_are_not_exchanged(digits, measured):
    evidence = evidence_of(digits, measured)
    train, val = 20 * torch.eye(3).long(), 20 * torch.eye(3).long()
    val[0], val[1] = torch.tensor([4, 16, 0]), torch.tensor([2, 18, 0])
    evidence.confusion = Confusion(train=train, val=val)

    assert not list(check_other_numbers(evidence))
