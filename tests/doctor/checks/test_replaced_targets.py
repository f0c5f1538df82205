"""Updates that give their loss other targets than the data has."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.doctor.checks.small_programs import digits, evidence_of, mlp, program
from torch import Tensor, nn

from headway.doctor.checks.noisy_labels import check_noisy_labels
from headway.doctor.checks.replaced_targets import check_replaced_targets
from headway.doctor.evidence import Evidence
from headway.doctor.probes.baselines import Baselines
from headway.doctor.task import TaskFacts

from .results import course_at

Targets = Callable[[Tensor], Tensor]


def looked_at(*changes: Targets) -> Evidence:
    """Return the evidence of a step whose loss is the mean over these changes of targets."""

    def step(model: nn.Module, optimizer: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
        optimizer.zero_grad()
        outputs = model(x)
        loss = sum(loss_fn(outputs, change(y)) for change in changes) / len(changes)
        loss.backward()
        optimizer.step()
        return loss

    return evidence_of(program(mlp(), nn.CrossEntropyLoss(), digits(), 10, step=step))


def half_random(y: Tensor) -> Tensor:
    return torch.where(torch.rand(len(y)) < 0.5, torch.randint(10, y.shape), y)


def a_tenth_random(y: Tensor) -> Tensor:
    return torch.where(torch.rand(len(y)) < 0.1, torch.randint(10, y.shape), y)


def of_others(y: Tensor) -> Tensor:
    return y[torch.randperm(len(y))]


def own(y: Tensor) -> Tensor:
    return y


@pytest.mark.parametrize("change", [half_random, of_others])
def test_targets_that_a_step_replaces_are_bad_data(change: Targets) -> None:
    (found,) = check_replaced_targets(looked_at(change))

    assert found.cause == "bad_data"
    assert "other targets than the data has" in found.evidence


FINE = {
    "its own": (own,),
    "mixed samples": (own, of_others),
    "disturbed a little": (a_tenth_random,),
    "numbered in another way": (lambda y: (y + 3) % 10,),
}


@pytest.mark.parametrize("changes", FINE.values(), ids=FINE)
def test_targets_that_are_meant_are_fine(changes: tuple[Targets, ...]) -> None:
    assert list(check_replaced_targets(looked_at(*changes))) == []


def agreeing(train: float, val: float, *, num_classes: int) -> Evidence:
    """Return the evidence of a network that is so often right on seen and on new samples."""
    evidence = looked_at(own)
    dumb = 1 / num_classes
    baselines = Baselines(
        dumb=dumb, learned={"linear": 0.9}, samples=1000, num_classes=num_classes
    )
    course = course_at(evidence.program, train, val)
    task = TaskFacts(kind="classes" if num_classes > 2 else "binary")
    return replace(evidence, task=task, baselines=baselines, course=course)


@pytest.mark.parametrize(
    ("train", "val", "num_classes", "confidences"),
    [
        (0.77, 0.92, 2, [0.87]),
        (0.86, 0.92, 2, []),
        (0.80, 0.92, 10, []),
        (0.74, 0.92, 10, [0.83]),
        (0.58, 0.92, 10, [0.97]),
    ],
)
def test_how_many_wrong_targets_show_depends_on_the_classes(
    train: float, val: float, num_classes: int, confidences: list[float]
) -> None:
    found = check_noisy_labels(agreeing(train, val, num_classes=num_classes))

    assert [round(finding.confidence, 2) for finding in found] == confidences
