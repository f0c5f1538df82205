"""One batch can be learned by heart by whatever is wired well."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from headway.doctor.evidence import Evidence
from headway.doctor.probes.overfit import without_dropout_
from headway.doctor.program import MakeProgram

Digits = Callable[..., MakeProgram]
Measure = Callable[..., Evidence]


def test_a_healthy_network_knows_a_batch_by_heart(
    digits: Digits, measured: Measure
) -> None:
    overfit = measured(digits(epochs=1), "overfit").overfit
    assert overfit.own.is_learned
    assert overfit.adam is None


def test_dropout_does_not_keep_it_from_it(digits: Digits, measured: Measure) -> None:
    def activation() -> nn.Module:
        return nn.Sequential(nn.ReLU(), nn.Dropout(0.9))

    assert measured(
        digits(epochs=1, activation=activation), "overfit"
    ).overfit.own.is_learned


def test_adam_learns_what_a_tiny_rate_does_not(digits: Digits, measured: Measure) -> None:
    overfit = measured(digits(lr=1e-6, epochs=1), "overfit").overfit
    assert not overfit.own.is_learned
    assert overfit.is_possible


def test_inputs_that_are_lost_cannot_be_learned_by_heart(
    digits: Digits, measured: Measure
) -> None:
    overfit = measured(digits(factor=0.0, epochs=1), "overfit").overfit
    assert not overfit.is_possible


def test_a_loss_that_is_no_number_ends_the_attempt(
    digits: Digits, measured: Measure
) -> None:
    own = measured(digits(factor=float("nan"), epochs=1), "overfit").overfit.own
    assert (own.has_diverged, own.is_learned, own.steps) == (True, False, 1)


def test_all_kinds_of_dropout_are_switched_off() -> None:
    model: Any = nn.ModuleList(
        [nn.Dropout2d(0.5), nn.LSTM(4, 4, 2, dropout=0.5), nn.MultiheadAttention(4, 2, 0.5)]
    )
    without_dropout_(model)
    assert [model[0].p, model[1].dropout, model[2].dropout] == [0.0, 0.0, 0.0]


def test_the_examined_program_is_not_trained(digits: Digits, measured: Measure) -> None:
    evidence = measured(digits(epochs=1), "overfit", "ablation")
    fresh = digits(epochs=1)(0).model.parameters()
    examined = evidence.program.model.parameters()
    assert all(torch.equal(a, b) for a, b in zip(fresh, examined, strict=True))
