"""What a change that cures a symptom accuses."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.suggestions import suggested
from headway.doctor.program import MakeProgram, Program

Digits = Callable[..., MakeProgram]
Measure = Callable[..., Evidence]


def with_biases_of(value: float, make: MakeProgram) -> MakeProgram:
    def made(seed: int) -> Program:
        program = make(seed)
        nn.init.constant_(program.model[0].bias, value)
        optimizer = torch.optim.SGD(program.model.parameters(), lr=1.0)
        return replace(program, optimizer=optimizer)

    return made


@pytest.mark.parametrize(
    ("bias", "causes"),
    [(0.0, ["dead_units", "dead_units", "lr_high"]), (-50.0, ["dead_units", "dead_units"])],
    ids=["in training", "from the start"],
)
def test_units_that_come_back_at_a_lower_rate_accuse_the_rate_if_it_killed_them(
    digits: Digits, measured: Measure, bias: float, causes: list[str]
) -> None:
    evidence = measured(with_biases_of(bias, digits(epochs=1)))
    dead = Finding(
        cause="dead_units",
        severity="error",
        confidence=0.3,
        evidence="Seen.",
        remedy="Change it.",
        layer="1",
        check="dead_units",
    )
    arms = list(suggested([dead], evidence))
    assert [arm.cause for arm in arms] == causes
    assert arms[-1].remedy == arms[1].remedy
    assert (arms[-1].prior > arms[1].prior) == (bias == 0)
