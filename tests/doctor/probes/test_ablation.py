"""Whether answers change with the input."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import BatchStream, Examples
from headway.doctor.probes.ablation import probe_ablation
from headway.doctor.probes.watched import Watched
from headway.doctor.program import MakeProgram, Program
from headway.doctor.task import TaskFacts

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


class FirstStep(nn.Module):
    def forward(self, steps: torch.Tensor) -> torch.Tensor:
        return steps[0]


def test_sequences_in_columns_are_exchanged_as_a_whole() -> None:
    steps = torch.randn(5, 16, 4, generator=torch.Generator().manual_seed(0))
    targets = steps[0].argmax(dim=1)
    program = Program(
        model=FirstStep(),
        loss_fn=nn.CrossEntropyLoss(),
        optimizer=torch.optim.SGD([nn.Parameter(torch.zeros(1))]),
        train=Examples(source=BatchStream([(steps, targets)])),
    )
    task = TaskFacts(kind="classes", num_classes=4, encoding="ids")
    evidence = Evidence(make=lambda _: program, program=program, task=task)
    evidence.course = Watched(program=program)
    ablation = probe_ablation(evidence, Budget())
    assert ablation.shuffled_loss > 1.5 * ablation.loss
