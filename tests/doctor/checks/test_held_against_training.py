"""What made-up answers say of a program is held against what its training does."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from headway.doctor.checks.label_encoding import check_label_encoding
from headway.doctor.checks.loss_mismatch import check_loss_mismatch
from headway.doctor.checks.metric import check_metric
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause
from headway.doctor.learned import goes_right, is_right
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.metric_facts import MetricFacts
from headway.doctor.probes.plain_answers import LossFacts
from headway.doctor.scoring import Scores
from headway.doctor.task import TaskFacts
from headway.doctor.training import Course, Evaluation

from .small_programs import Function, digits, evidence_of, mlp, program

TOLD = MetricFacts(own=0.1, right=1.0, wrong=0.0, constant=0.1)
REVERSED = LossFacts(own=0.0, right={"values": -1.0}, wrong={"values": -1.2})


def course(begun: float, ended: float, *, standard: float = 0.0) -> Any:
    evaluations = [
        Evaluation(step=step, epoch=0.0, train=scores, val=scores)
        for step, scores in (
            (0, Scores(loss=1.0, metric=begun)),
            (9, Scores(loss=0.1, metric=ended, standard=standard)),
        )
    ]
    return Course(evaluations=evaluations, steps=9)


def evidence(
    begun: float,
    ended: float,
    *,
    told: MetricFacts | None = TOLD,
    facts: LossFacts | None = None,
) -> Evidence:
    make = program(
        mlp(), nn.MSELoss(), digits(), 10, epochs=0, metric=lambda *_: 0.0 if told else None
    )
    return Evidence(
        make=make,
        program=make(0),
        task=TaskFacts(kind="binary"),
        first_batch=FirstBatch(metric=told, facts=facts),
        course=course(begun, ended),
    )


def causes(found: Any) -> list[Cause]:
    return [finding.cause for finding in found if finding.severity != "info"]


def cosine(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs * targets).sum(dim=1).mean()


def points_on_half_a_circle() -> tuple[Tensor, Tensor]:
    angle = torch.rand(600, generator=torch.Generator().manual_seed(0)) * 3.14
    points = torch.stack([angle.cos(), angle.sin()], dim=1)
    return points * (1 + angle[:, None]), points


def to_circle() -> Any:
    return lambda n_in, n_out: Function(
        lambda parts, x: F.normalize(parts[0](x), dim=1), mlp()(n_in, n_out)
    )


def directed(sign: float) -> Evidence:
    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        return sign * cosine(outputs, targets)

    made = program(to_circle(), loss, points_on_half_a_circle(), 2)
    return evidence_of(made, is_trained=True)


def test_a_loss_whose_training_leads_to_right_answers_is_not_reversed():
    assert causes(check_loss_mismatch(directed(-1.0))) == []


def test_a_training_that_leads_to_wrong_answers_does_not_acquit_a_reversed_loss():
    def loss(outputs: Tensor, ids: Tensor) -> Tensor:
        return -F.cross_entropy(outputs, ids)

    def accuracy(outputs: Tensor, ids: Tensor) -> Tensor:
        return (outputs.argmax(dim=1) == ids).float().mean()

    made = program(mlp(), loss, digits(), 10, metric=accuracy)
    (found,) = check_loss_mismatch(evidence_of(made, is_trained=True))
    assert (found.cause, found.is_certain) == ("loss_mismatch", True)


def test_an_own_metric_that_rises_acquits_and_one_that_falls_does_not():
    assert causes(check_loss_mismatch(evidence(0.1, 0.9, facts=REVERSED))) == []
    assert causes(check_loss_mismatch(evidence(0.1, 0.0, facts=REVERSED))) == [
        "loss_mismatch"
    ]


def test_without_a_training_made_up_answers_are_all_there_is():
    seen = replace(evidence(0.1, 0.9, facts=REVERSED), course=None)
    assert causes(check_loss_mismatch(seen)) == ["loss_mismatch"]


def test_a_rise_is_clear_where_it_is_more_than_noise():
    assert goes_right(evidence(0.1, 0.5))
    assert not goes_right(evidence(0.1, 0.12))
    assert not goes_right(evidence(0.0, 0.1))
    misunderstood = replace(TOLD, right=0.47, constant=0.5)
    assert goes_right(evidence(0.5, 0.92, told=misunderstood))
    assert not goes_right(evidence(0.5, 0.55, told=misunderstood))


def test_answers_are_right_near_the_end_of_the_way():
    assert is_right(evidence(0.1, 0.95))
    assert not is_right(evidence(0.1, 0.8))


def test_levels_without_a_gradient_are_no_fault_where_the_answers_get_right():
    facts = LossFacts(silent_levels=(0.0,))
    assert causes(check_label_encoding(evidence(0.1, 0.95, facts=facts))) == []
    assert causes(check_label_encoding(evidence(0.1, 0.5, facts=facts))) == [
        "label_encoding"
    ]


def test_a_metric_that_rises_with_the_training_is_not_reversed():
    told = replace(TOLD, right=0.0, wrong=1.0, constant=0.5)
    assert causes(check_metric(evidence(0.5, 0.95, told=told))) == []
    assert causes(check_metric(evidence(0.5, 0.05, told=told))) == ["metric"]


def test_one_of_several_heads_has_the_classes_of_its_own_part_of_the_targets():
    x, ids = digits()

    def loss(outputs: tuple[Tensor, Tensor], targets: Tensor) -> Tensor:
        both = (F.cross_entropy(o, targets[:, n]) for n, o in enumerate(outputs))
        return sum(both, torch.zeros(()))

    def build(n_in: int, _: int) -> nn.Module:
        return Function(
            lambda parts, x: (parts[0](x), parts[1](x)), mlp()(n_in, 2), mlp()(n_in, 10)
        )

    made = program(build, loss, (x, torch.stack([ids % 2, ids], dim=1)), 10)
    assert causes(check_label_encoding(evidence_of(made))) == []


def test_a_class_beyond_the_outputs_is_found_where_the_loss_gets_all_targets():
    x, ids = digits()
    ids = ids % 9
    ids[600] = 9
    made = program(mlp(), nn.CrossEntropyLoss(), (x, ids), 9)
    assert causes(check_label_encoding(evidence_of(made))) == ["label_encoding"]
