"""Programs that are trained on a single class, on purpose and by mistake."""

from typing import Any

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from headway.doctor.checks.bad_data import check_bad_data
from headway.doctor.checks.metric import check_metric
from headway.doctor.checks.other_preparation import check_other_preparation
from headway.doctor.evidence import Evidence
from headway.doctor.examples import Examples
from headway.doctor.probes.other_inputs import OtherInputs
from headway.doctor.probes.telling_batch import told_by_metric
from headway.doctor.program import MakeProgram, Program, seed_all
from headway.doctor.progress import progress
from headway.doctor.task import TaskFacts

from .small_programs import evidence_of


class Error(nn.Module):
    """How far an autoencoder is from each of its inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(64, 8), nn.Tanh(), nn.Linear(8, 64))

    def forward(self, x: Tensor) -> Tensor:
        return (self.layers(x) - x).square().mean(dim=1)


class Answer(nn.Module):
    """A classifier with one logit."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).squeeze(1)


def of_normal(errors: Tensor, is_other: Tensor) -> Tensor:
    normal = 1 - is_other
    return (errors * normal).sum() / normal.sum().clamp(min=1)


def area(errors: Tensor, is_other: Tensor) -> float:
    other, normal = errors[is_other == 1], errors[is_other == 0]
    if not len(other) or not len(normal):
        return 0.5
    return float((other[:, None] > normal[None]).float().mean())


def accuracy(outputs: Tensor, targets: Tensor) -> float:
    return float(((outputs > 0) == (targets > 0.5)).float().mean())


def of_one_class(model: type[nn.Module], loss_fn: Any, metric: Any) -> MakeProgram:
    """Return what makes a program that sees zeros only, and is judged by all digits."""
    digits = load_digits()
    inputs = torch.tensor(digits.data, dtype=torch.float32) / 16
    is_other = torch.tensor(digits.target != 0).float()
    normal = inputs[:1200][is_other[:1200] == 0]

    def make(seed: int) -> Program:
        seed_all(seed)
        built = model()
        return Program(
            model=built,
            loss_fn=loss_fn,
            optimizer=torch.optim.Adam(built.parameters(), lr=0.01),
            train=Examples(source=(normal, torch.zeros(len(normal)))),
            val=Examples(source=(inputs[1200:], is_other[1200:]), shuffle=False),
            epochs=20,
            metric=metric,
            seed=seed,
        )

    return make


@pytest.fixture(scope="module")
def unusual() -> Evidence:
    """A program that finds what is not like its training data."""
    return evidence_of(of_one_class(Error, of_normal, area), is_trained=True)


def test_whoever_looks_for_the_unusual_trains_on_a_single_class(unusual: Evidence):
    assert list(check_bad_data(unusual)) == []


def test_a_metric_is_asked_about_samples_of_several_classes(unusual: Evidence):
    assert unusual.first_batch is not None
    told = unusual.first_batch.metric

    assert (told.right, told.wrong) == (1, 0)
    assert list(check_metric(unusual)) == []


@pytest.mark.parametrize("metric", [area, None], ids=["its own metric", "none"])
def test_accuracy_says_nothing_of_classes_that_are_not_trained_on(metric: Any):
    evidence = evidence_of(of_one_class(Error, of_normal, metric), is_trained=True)
    assert not progress(evidence).is_known


def test_a_single_class_that_is_known_is_not_learned(unusual: Evidence):
    # Whatever turns the answers of a network that knows one class says nothing of its inputs.
    unusual.other_inputs = OtherInputs(own=0.1, changed={"inverted, dark for light": 0.9})
    assert list(check_other_preparation(unusual)) == []


@pytest.mark.parametrize("metric", [accuracy, "accuracy", None])
def test_a_classifier_of_a_single_class_is_a_mistake(metric: Any):
    make = of_one_class(Answer, nn.BCEWithLogitsLoss(), metric)
    (found,) = check_bad_data(evidence_of(make, is_trained=True))

    assert found.is_certain
    assert "targets are 0" in found.evidence


def strict_area(errors: Tensor, is_other: Tensor) -> float:
    if len(is_other.unique()) < 2:
        raise ValueError("only one class")
    return area(errors, is_other)


def test_a_metric_that_refuses_a_single_class_does_not_fail():
    evidence = evidence_of(of_one_class(Error, of_normal, strict_area))
    assert list(check_metric(evidence)) == []


def test_a_rare_class_may_be_missing_in_a_batch():
    inputs, targets = torch.randn(400, 64), torch.zeros(400)
    targets[::40] = 1
    made = of_one_class(Answer, nn.BCEWithLogitsLoss(), area)(0)
    made = Program(
        model=made.model,
        loss_fn=made.loss_fn,
        optimizer=made.optimizer,
        train=Examples(source=(inputs, targets)),
        metric=area,
    )
    task = TaskFacts(kind="binary", num_classes=2, encoding="flat")
    evidence = Evidence(make=lambda _: made, program=made, task=task)
    told = told_by_metric(evidence, made, torch.randn(20), torch.zeros(20))

    assert told is not None
    assert (told.right, told.wrong) == (1, 0)


def test_a_metric_that_nothing_can_be_told_of_is_not_judged():
    made = of_one_class(Error, of_normal, area)(0)
    evidence = Evidence(
        make=lambda _: made,
        program=Program(**{**vars(made), "val": None}),
        task=TaskFacts(kind="binary", num_classes=2, encoding="flat"),
    )
    told = told_by_metric(evidence, evidence.program, torch.randn(20), torch.zeros(20))

    assert told is not None
    assert not told.is_agreed
