"""Experiments with recurrent networks, and what becomes of them when a block is broken."""

import pytest
import torch

from headway.lab import Verdict
from headway.lab.experiments import loss_cliff
from headway.models import recurrent
from headway.nn import VanillaRNN
from headway.optim import clipper, gradient_norm

AT_ONE_RATE = ("unclipped, lr 0.03", "clipped, lr 0.03")


def measure_only(parameters, *, max_norm):
    return gradient_norm(parameters)


def test_clipping_rescues_a_recurrent_network_that_would_explode(judged):
    verdict, _ = judged("gradient-clipping", arms=AT_ONE_RATE)
    assert verdict is Verdict.REPRODUCED


def test_clipping_that_does_nothing_turns_the_verdict(judged, monkeypatch):
    monkeypatch.setattr(clipper, "clip_gradients_", measure_only)
    verdict, _ = judged("gradient-clipping", seeds=(0,), arms=AT_ONE_RATE)
    assert verdict is Verdict.NOT_REPRODUCED


def test_a_clipped_step_stays_near_the_cliff(judged):
    verdict, _ = judged("loss-cliff")
    assert verdict is Verdict.REPRODUCED


def test_an_unclipped_step_off_the_cliff_turns_the_verdict(judged, monkeypatch):
    monkeypatch.setattr(loss_cliff, "clip_each_gradient_", measure_only)
    verdict, _ = judged("loss-cliff", seeds=(0,))
    assert verdict is Verdict.NOT_REPRODUCED


@pytest.mark.parametrize("bias", [-2.5, -2.0])
def test_the_cliff_is_that_of_a_recurrent_network_of_one_unit(bias):
    cell = VanillaRNN(1, 1).double()
    with torch.no_grad():
        cell.weight_hh.fill_(4.5)
        cell.bias.fill_(bias)
        state = torch.full((1, 1), loss_cliff.FIRST, dtype=torch.float64)
        for _ in range(loss_cliff.NUM_STEPS):
            state = cell(torch.zeros(1, 1, dtype=torch.float64), state)
    w, b = torch.tensor([4.5, bias], dtype=torch.float64)
    torch.testing.assert_close(state.squeeze(), loss_cliff.state_of(w, b))


@pytest.mark.slow
def test_gates_learn_the_adding_problem(judged):
    _, checks = judged("gated-recurrence", seeds=(0,))
    assert all(check.is_met for check in checks)


@pytest.mark.slow
def test_a_cell_without_its_gate_turns_the_verdict(judged, monkeypatch):
    def without_gate(input_size, hidden_size, *, forget_bias):
        return VanillaRNN(input_size, hidden_size, activation="tanh")

    monkeypatch.setattr(recurrent, "UGRNN", without_gate)
    verdict, _ = judged("gated-recurrence", seeds=(0,))
    assert verdict is Verdict.NOT_REPRODUCED
