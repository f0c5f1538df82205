"""Recurrent networks that gradients do not reach the first steps of."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.checks.memory import check_memory
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Examples
from headway.doctor.inference import infer_task
from headway.doctor.probes.baselines import probe_baselines
from headway.doctor.probes.memory import early_share, probe_memory
from headway.doctor.program import Program, call_model, seed_all
from headway.doctor.remedies import OpenGates
from headway.doctor.remedies.propose import propose

from .results import course_at

_GENERATOR = torch.Generator().manual_seed(0)
STEPS = 40
# Two symbols, of which either the first or the last is asked for.
SYMBOLS = torch.randint(0, 2, (400, STEPS), generator=_GENERATOR)
SIGNALS = torch.nn.functional.one_hot(SYMBOLS, 2).float()


class Reader(nn.Module):
    """Reads the state of a recurrent layer behind the last step."""

    def __init__(self, kind: Callable[..., nn.Module] = nn.RNN) -> None:
        super().__init__()
        self.rnn, self.out = kind(2, 12, batch_first=True), nn.Linear(12, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.rnn(x)[0][:, -1])


class ByHand(nn.Module):
    """The same with a cell that is called for each step."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.out = nn.Linear(14, 12), nn.Linear(12, 2)

    def forward(self, x: Tensor) -> Tensor:
        h = x.new_zeros(len(x), 12)
        for step in x.unbind(dim=1):
            h = self.cell(torch.cat([step, h], dim=1)).tanh()
        return self.out(h)


class Flat(nn.Sequential):
    """A layer that sees all steps at once."""

    def __init__(self) -> None:
        super().__init__(nn.Flatten(), nn.Linear(2 * STEPS, 2))


class Mean(Reader):
    """Reads the mean of all states."""

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.rnn(x)[0].mean(dim=1))


def remembering() -> nn.Module:
    model = Reader(nn.LSTM)
    with torch.no_grad():
        bias: Any = model.rnn.bias_ih_l0
        bias[12:24] = 5.0
    return model


def program_of(model: Callable[[], nn.Module], asked: int) -> Callable[[int], Program]:
    def make(seed: int) -> Program:
        seed_all(seed)
        net = model()
        labels = SYMBOLS[:, asked]
        return Program(
            model=net,
            loss_fn=nn.CrossEntropyLoss(),
            optimizer=torch.optim.Adam(net.parameters(), lr=0.01),
            train=Examples(source=(SIGNALS[:300], labels[:300]), batch_size=50),
            val=Examples(source=(SIGNALS[300:], labels[300:]), shuffle=False),
            seed=seed,
        )

    return make


def after_reaching(
    standard: float, *, model: Callable[[], nn.Module] = Reader, asked: int = 0
) -> Evidence:
    """Return the evidence of a program that got so far."""
    make = program_of(model, asked)
    program = make(0)
    inputs, targets = program.train.first(50)
    task = infer_task(inputs, torch.zeros(50, 2), targets, program.loss_fn)
    evidence = Evidence(make=make, program=program, task=task)
    evidence.baselines = probe_baselines(evidence, Budget())
    evidence.course = course_at(make(0), standard)
    evidence.memory = probe_memory(evidence, Budget())
    return evidence


@pytest.mark.parametrize("model", [Reader, ByHand])
def test_a_forgotten_first_step_is_a_vanishing_gradient(
    model: Callable[[], nn.Module],
) -> None:
    (found,) = check_memory(after_reaching(0.5, model=model))

    assert (found.cause, found.severity) == ("vanishing_gradient", "error")
    assert "in the first half of 40 steps" in found.evidence


def test_a_network_that_knows_what_the_first_steps_tell_is_fine() -> None:
    assert list(check_memory(after_reaching(1.0))) == []


def test_first_steps_that_tell_nothing_may_be_forgotten() -> None:
    assert list(check_memory(after_reaching(0.8, asked=-1))) == []


@pytest.mark.parametrize("model", [remembering, Mean, Flat])
def test_gradients_that_arrive_have_not_vanished(model: Callable[[], nn.Module]) -> None:
    evidence = after_reaching(0.5, model=model)

    assert evidence.memory is None or not evidence.memory.has_vanished
    assert list(check_memory(evidence)) == []


def test_open_gates_let_gradients_through() -> None:
    evidence = after_reaching(0.5)
    (found,) = check_memory(evidence)
    remedy = propose(found, evidence)[0]
    program = evidence.make(0)
    before = early_share(program, SIGNALS[:20])

    changed = remedy.apply(evidence.make(0))

    assert remedy == OpenGates()
    assert before < 1e-3 < early_share(changed, SIGNALS[:20])
    assert isinstance(changed.model.rnn, nn.GRU)
    held = {id(p) for group in changed.optimizer.param_groups for p in group["params"]}
    assert held == {id(p) for p in changed.model.parameters()}
    assert call_model(changed.model, SIGNALS[:3]).shape == (3, 2)


def test_gates_are_opened_where_they_are() -> None:
    program = program_of(lambda: Reader(nn.LSTM), 0)(0)
    before = early_share(program, SIGNALS[:20])

    changed = OpenGates().apply(program)

    assert isinstance(changed.model.rnn, nn.LSTM)
    assert early_share(changed, SIGNALS[:20]) > 10 * before
