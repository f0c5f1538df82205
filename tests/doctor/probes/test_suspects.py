"""What is tried where nothing points to a cause."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examine import examine_batch
from headway.doctor.finding import Cause
from headway.doctor.probes.suspects import usual_suspects
from headway.doctor.program import MakeProgram, Program
from headway.doctor.remedies.optimizers import SetOptimizer
from headway.doctor.remedies.rates import SetLearningRate

Digits = Callable[..., MakeProgram]


def evidence_with(make: MakeProgram, optimizer: Callable[[Any], Any]) -> Evidence:
    def made(seed: int) -> Program:
        program = make(seed)
        return replace(program, optimizer=optimizer(program.model.parameters()))

    return examine_batch(made, Budget())


def tried_rates(evidence: Evidence) -> dict[Cause, float]:
    suspects = usual_suspects(evidence)
    return {s.cause: s.remedy.lr for s in suspects if isinstance(s.remedy, SetLearningRate)}


def test_adam_is_no_remedy_for_adam(digits: Digits) -> None:
    def causes(optimizer: Callable[[Any], Any]) -> list[Cause]:
        suspects = usual_suspects(evidence_with(digits(), optimizer))
        return [s.cause for s in suspects if isinstance(s.remedy, SetOptimizer)]

    assert causes(torch.optim.Adam) == []
    assert causes(torch.optim.Adadelta) == ["optimizer"]


@pytest.mark.parametrize(
    ("lr", "low", "high"), [(1e-7, 1e-8, 7e-4), (1e-3, 1e-4, 1e-2), (1.0, 7e-4, 10.0)]
)
def test_a_rate_far_from_usual_is_tried_against_a_usual_one(
    digits: Digits, lr: float, low: float, high: float
) -> None:
    rates = tried_rates(
        evidence_with(digits(), lambda weights: torch.optim.Adam(weights, lr=lr))
    )
    assert rates["lr_high"] == pytest.approx(low, rel=0.02)
    assert rates["lr_low"] == pytest.approx(high, rel=0.02)


@pytest.mark.parametrize(("epochs", "is_first"), [(2, True), (40, False)])
def test_what_learns_faster_is_no_explanation_of_a_handful_of_updates(
    digits: Digits, epochs: int, *, is_first: bool
) -> None:
    suspects = usual_suspects(examine_batch(digits(epochs=epochs), Budget()))
    causes = [s.cause for s in suspects if s.cause in ("epochs_few", "init", "optimizer")]
    assert (causes[0] == "epochs_few") is is_first
