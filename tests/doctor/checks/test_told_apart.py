"""Causes that look alike, told apart by what was measured."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.checks.bad_data import check_independent_labels
from headway.doctor.checks.dead_units import check_dead_units
from headway.doctor.checks.loss_at_start import check_loss_at_start
from headway.doctor.checks.normalization import check_normalization
from headway.doctor.checks.train_eval_mode import check_train_eval_mode
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examine import examine_batch
from headway.doctor.examples import Examples
from headway.doctor.finding import Finding
from headway.doctor.probes.baselines import Baselines
from headway.doctor.probes.flow import measure_flow
from headway.doctor.probes.late_modes import LateModes, probe_late_modes
from headway.doctor.probes.suspects import usual_suspects
from headway.doctor.probes.watched import Watched
from headway.doctor.program import MakeProgram, Program, seed_all
from headway.doctor.remedies import Deepen, Reinitialize, Widen, ZeroGrad
from headway.doctor.remedies.propose import propose
from headway.doctor.scoring import Scores
from headway.doctor.training import Evaluation

Digits = Callable[..., MakeProgram]
Measure = Callable[..., Evidence]


def ended_at(program: Program, metric: float, *, stop: str = "done") -> Watched:
    """Return a course that ended with this metric."""
    scores = Scores(loss=1.0, metric=metric, standard=metric)
    evaluation = Evaluation(step=1, epoch=1.0, train=scores, val=scores)
    return Watched(program=program, evaluations=[evaluation], steps=500, stop=stop)


def judged(evidence: Evidence, metric: float, **others: Any) -> Evidence:
    """Return the evidence with a course and baselines of which the best has 0.9."""
    evidence.course = ended_at(evidence.make(0), metric, **others)
    evidence.baselines = Baselines(
        dumb=0.0, learned={"linear": 0.9}, samples=1000, num_classes=0
    )
    return evidence


def causes(found: Any) -> list[str]:
    return [finding.cause for finding in found]


class Averaged(nn.Module):
    """Trains one network and answers with another."""

    def __init__(self, *, is_followed: bool) -> None:
        super().__init__()
        self.net = nn.Linear(20, 1)
        self.average = self.net if is_followed else copy.deepcopy(self.net)

    def forward(self, x: Tensor) -> Tensor:
        return (self.net if self.training else self.average)(x)


def linear(build: Callable[[], nn.Module], scale: float = 1.0) -> MakeProgram:
    """Return what makes a program that learns a sum of its inputs."""

    def make(seed: int) -> Program:
        seed_all(seed)
        x = torch.randn(200, 20, generator=torch.Generator().manual_seed(0)) * scale
        model = build()
        return Program(
            model=model,
            loss_fn=nn.MSELoss(),
            optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
            train=Examples(source=(x, x.sum(dim=1, keepdim=True))),
            seed=seed,
        )

    return make


def trained(*, is_followed: bool) -> Evidence:
    """Return the evidence about a network that was trained, and its slow copy was not."""
    make = linear(lambda: Averaged(is_followed=is_followed))
    program = make(0)
    for x, y in [*program.train.batches()] * 10:
        program.update(x, y)
    evidence = Evidence(make=make, program=make(0), task=None)
    evidence = judged(evidence, 0.1)
    evidence.course = ended_at(program, 0.1)
    evidence.late_modes = probe_late_modes(evidence, Budget())
    return evidence


def test_an_average_that_lags_behind_is_seen_by_the_loss_of_both_modes() -> None:
    evidence = trained(is_followed=False)
    assert causes(check_train_eval_mode(evidence)) == ["train_eval_mode"]
    assert causes(check_train_eval_mode(trained(is_followed=True))) == []


def test_modes_that_differ_by_the_statistics_of_norms_have_another_check() -> None:
    evidence = trained(is_followed=False)
    evidence.late_modes = LateModes(train_loss=0.1, eval_loss=1.0, has_statistics=True)
    assert causes(check_train_eval_mode(evidence)) == []


def contrastive(late_loss: float) -> Evidence:
    """Return the evidence of pairs that were told apart in batches, and then in larger ones."""

    def normed() -> nn.Module:
        return nn.Sequential(nn.Linear(20, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))

    evidence = examine_batch(linear(normed), Budget())
    evidence = judged(evidence, 0.8)
    assert evidence.course is not None
    assert evidence.task is not None
    evidence.task = replace(evidence.task, kind="unknown")
    evidence.course.losses[:] = [0.1] * 50
    evidence.late_modes = LateModes(
        train_loss=0.8, eval_loss=late_loss, has_statistics=True
    )
    return evidence


@pytest.mark.parametrize(("late_loss", "severities"), [(0.9, []), (3.0, ["error"])])
def test_a_loss_that_grows_with_the_batch_is_no_fault_of_norms(
    late_loss: float, severities: list[str]
) -> None:
    found = [f for f in check_normalization(contrastive(late_loss)) if f.severity != "info"]
    assert [f.severity for f in found] == severities


def test_zeroing_is_not_tried_where_gradients_were_seen_to_be_new(digits: Digits) -> None:
    evidence = examine_batch(digits(), Budget())
    assert not any(isinstance(s.remedy, ZeroGrad) for s in usual_suspects(evidence))
    evidence.updates = None
    assert any(isinstance(s.remedy, ZeroGrad) for s in usual_suspects(evidence))


def dying() -> nn.Module:
    model = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 1))
    nn.init.constant_(model[0].bias, -50.0)
    return model


def test_units_that_died_with_the_numbers_are_no_cause() -> None:
    alive = linear(lambda: nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 1)))
    evidence = judged(Evidence(make=alive, program=alive(0), task=None), 0.0)
    evidence.flow = measure_flow(alive(0), Budget())
    evidence.late_flow = measure_flow(linear(dying)(0), Budget())
    assert causes(check_dead_units(evidence)) == ["dead_units"]
    evidence.course = ended_at(alive(0), 0.0, stop="diverged")
    assert causes(check_dead_units(evidence)) == []


def noise(metric: float) -> Evidence:
    make = linear(lambda: nn.Linear(20, 1))
    evidence = examine_batch(make, Budget())
    assert evidence.data is not None
    evidence.data = replace(evidence.data, train_tells=0.0, val_tells=0.0)
    evidence = judged(evidence, metric)
    evidence.baselines = Baselines(dumb=0.0, learned={}, samples=1000, num_classes=0)
    return evidence


def test_answers_of_a_wild_size_are_no_sign_of_targets_of_chance() -> None:
    assert "bad_data" in causes(check_independent_labels(noise(-0.8)))
    assert causes(check_independent_labels(noise(-30.0))) == []


@pytest.mark.parametrize(
    ("rare", "said"), [(17, []), (200, ["label_encoding", "bad_data"])]
)
def test_a_few_rare_answers_have_no_neighbors_that_could_agree(
    rare: int, said: list[str]
) -> None:
    evidence = noise(0.0)
    assert evidence.data is not None
    evidence.data = replace(
        evidence.data, val_tells=11.7, class_counts={0: 700, 1: rare}, is_val_train=False
    )
    assert causes(check_independent_labels(evidence)) == said


def of_counts(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return x, 5e4 + y / y.abs().mean()


def test_raw_inputs_beside_raw_targets_are_named() -> None:
    def said(scale: float, **others: Any) -> list[str]:
        make = linear(lambda: nn.Linear(20, 1), scale)

        def raw(seed: int) -> Program:
            program = make(seed)
            return replace(program, train=program.train.mapped(of_counts))

        return causes(
            check_loss_at_start(judged(examine_batch(raw, Budget()), -5.0, **others))
        )

    assert said(1e3) == ["input_scale", "label_encoding"]
    assert said(1.0) == ["label_encoding"]
    assert said(1.0, stop="diverged") == ["exploding_gradient", "label_encoding"]


class Products(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.users, self.items = nn.Embedding(30, 64), nn.Embedding(20, 64)
        self.bias = nn.Embedding(30, 1)

    def forward(self, user: Tensor, item: Tensor) -> Tensor:
        return (self.users(user) * self.items(item)).sum(1) + self.bias(user)[:, 0]


def test_products_of_embeddings_start_small_anew() -> None:
    model = Products()
    users, items = torch.arange(20), torch.arange(20)
    program = Program(
        model=model,
        loss_fn=nn.MSELoss(),
        optimizer=torch.optim.Adam(model.parameters()),
        train=Examples(source=((users, items), torch.randn(20))),
    )
    assert float(model(users, items).detach().std()) > 4
    Reinitialize().apply(program)
    assert float(model(users, items).detach().std()) < 0.3
    assert float(model.users.weight.detach().std()) > 0.1


def test_more_layers_are_not_what_widens_a_bottleneck(digits: Digits) -> None:
    make = digits()
    evidence = Evidence(make=make, program=make(0), task=None)
    narrow = Finding(
        cause="capacity",
        severity="error",
        confidence=0.6,
        evidence="",
        remedy="",
        layer="0",
    )
    assert not any(isinstance(r, Deepen) for r in propose(narrow, evidence))
    assert any(isinstance(r, Widen) for r in propose(narrow, evidence))
    assert any(
        isinstance(r, Deepen) for r in propose(replace(narrow, layer=None), evidence)
    )
