"""Whether answers change with the input."""

from collections.abc import Callable

import pytest
from torch import nn

from headway.doctor.evidence import Evidence
from headway.doctor.program import MakeProgram

Digits = Callable[..., MakeProgram]
Measure = Callable[..., Evidence]


def test_a_network_that_learned_needs_its_own_inputs(
    digits: Digits, measured: Measure
) -> None:
    ablation = measured(digits(), "ablation").ablation
    assert not ablation.is_blind
    assert ablation.shuffled_loss > 3 * ablation.loss


def test_a_network_that_sees_nothing_is_blind(digits: Digits, measured: Measure) -> None:
    ablation = measured(digits(factor=0.0, epochs=1), "ablation").ablation
    assert ablation.is_blind
    assert ablation.shuffled_loss == pytest.approx(ablation.loss)


def test_dropout_is_off_when_it_is_asked(digits: Digits, measured: Measure) -> None:
    make = digits(factor=0.0, epochs=1, activation=lambda: nn.Dropout(0.5))
    assert measured(make, "ablation").ablation.is_blind
