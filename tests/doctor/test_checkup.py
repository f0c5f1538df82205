"""What a check-up says as a whole."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.checkup import check_up
from headway.doctor.evidence import Budget
from headway.doctor.examples import Examples
from headway.doctor.program import MakeProgram, Program, seed_all

Digits = Callable[..., MakeProgram]


def test_a_program_that_time_did_not_suffice_for_is_not_called_good(digits: Digits) -> None:
    diagnosis = check_up(digits(), Budget(1e-3)).diagnosis

    assert "could not be judged" in diagnosis.summary
    assert "--budget" in diagnosis.summary


def test_labels_that_nothing_tells_are_not_called_learned(digits: Digits) -> None:
    def make(seed: int) -> Any:
        program = digits(lr=1e-3, epochs=2)(seed)
        generator = torch.Generator().manual_seed(0)

        def at_random(inputs: Any, targets: Any) -> Any:
            return inputs, torch.randint(2, targets.shape, generator=generator)

        noise = program.train.mapped(at_random)
        return replace(program, train=noise, val=noise)

    summary = check_up(make, Budget(10)).diagnosis.summary

    assert not summary.startswith("The program learns")


def test_a_program_that_learns_is_told_what_it_compares_to(digits: Digits) -> None:
    diagnosis = check_up(digits(lr=0.3), Budget(20)).diagnosis

    assert diagnosis.is_healthy
    assert diagnosis.summary.startswith("The program learns: it reaches 0.9")


def mean_recall(outputs: Tensor, targets: Tensor) -> float:
    said, true = outputs > 0, targets > 0.5
    recalls = [(said == true)[part].float().mean() for part in (true, ~true)]
    return float(sum(recalls) / 2)


@pytest.mark.parametrize(("lr", "is_learned"), [(3e-3, True), (1e-6, False)])
def test_what_accuracy_does_not_show_is_told_by_the_own_metric(
    lr: float, *, is_learned: bool
) -> None:
    generator = torch.Generator().manual_seed(0)
    targets = (torch.rand(2400, 1, generator=generator) < 0.05).float()
    inputs = torch.randn(2400, 6, generator=generator)
    inputs[:, :3] += targets

    def make(seed: int) -> Program:
        seed_all(seed)
        model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1))
        return Program(
            model=model,
            loss_fn=nn.BCEWithLogitsLoss(pos_weight=torch.tensor([19.0])),
            optimizer=torch.optim.Adam(model.parameters(), lr=lr),
            train=Examples(source=(inputs[:1600], targets[:1600])),
            val=Examples(source=(inputs[1600:], targets[1600:]), shuffle=False),
            epochs=6,
            seed=seed,
            metric=mean_recall,
        )

    summary = check_up(make, Budget(10)).diagnosis.summary

    assert summary.startswith("The program learns by what it is judged by") is is_learned


def test_a_rate_that_ends_early_is_the_first_thing_said(digits: Digits) -> None:
    def make(seed: int) -> Any:
        program = digits(lr=0.01)(seed)
        schedule = torch.optim.lr_scheduler.StepLR(program.optimizer, 1, 0.05)
        return replace(program, scheduler=schedule)

    first = check_up(make, Budget(20)).diagnosis.findings[0]

    assert (first.cause, first.check) == ("lr_low", "schedule")
