"""What a step adds to its loss is seen in the gradient."""

from collections.abc import Callable
from typing import Any

import pytest
from torch import Tensor, nn

from headway.doctor.checks.regularization import check_regularization
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examine import examine_batch
from headway.doctor.probes.penalty import Penalty, penalty_of
from headway.doctor.probes.suspects import usual_suspects
from headway.doctor.program import MakeProgram
from headway.doctor.remedies.wiring import UsualStep

Digits = Callable[..., MakeProgram]


def step_with(extra: Callable[[nn.Module], Any], *, scale: float = 1.0) -> Any:
    def step(model: Any, optimizer: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
        optimizer.zero_grad()
        loss = scale * loss_fn(model(x), y) + extra(model)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def l1(model: nn.Module) -> Any:
    return 0.1 * sum(p.abs().sum() for p in model.parameters())


def l2(model: nn.Module) -> Any:
    return 0.1 * sum(p.square().sum() for p in model.parameters())


def nothing(_: nn.Module) -> float:
    return 0.0


def clipped(model: Any, optimizer: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.01)
    optimizer.step()
    return loss.detach()


def gathering() -> Any:
    seen: list[int] = []

    def step(model: Any, optimizer: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
        seen.append(1)
        loss = loss_fn(model(x), y) / 4
        loss.backward()
        if len(seen) % 4 == 0:
            optimizer.step()
            optimizer.zero_grad()
        return loss.detach()

    return step


def penalty(make: MakeProgram) -> Penalty | None:
    return penalty_of(make(0), make(0), make(0).train.some(64))


def evidence_of(make: MakeProgram) -> Evidence:
    return examine_batch(make, Budget())


def blamed(make: MakeProgram) -> list[str]:
    """Causes that the usual step would be a remedy of."""
    suspects = usual_suspects(evidence_of(make))
    return [s.cause for s in suspects if isinstance(s.remedy, UsualStep)]


@pytest.mark.parametrize(("norm", "extra"), [("l1", l1), ("l2", l2)])
def test_a_penalty_of_the_weights_is_told_by_its_pull(
    digits: Digits, norm: str, extra: Any
) -> None:
    found = penalty(digits(step=step_with(extra)))
    assert found is not None
    assert found.norm == norm
    assert found.loss > found.plain_loss
    assert found.pull > 1


def test_the_pull_is_measured_against_the_loss(digits: Digits) -> None:
    once = penalty(digits(step=step_with(l2)))
    twice = penalty(digits(step=step_with(l2, scale=2.0)))
    assert once is not None
    assert twice is not None
    assert twice.pull == pytest.approx(once.pull / 2, rel=0.01)


STEPS = {
    "usual": lambda: step_with(nothing),
    "scaled": lambda: step_with(nothing, scale=0.1),
    "clipped": lambda: clipped,
    "gathering": gathering,
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_step_that_adds_nothing_has_no_penalty(
    digits: Digits, step: Any, dropout: float
) -> None:
    def make(seed: int) -> Any:
        return digits(step=step(), activation=lambda: nn.Dropout(dropout))(seed)

    assert penalty(make) is None


def test_a_strong_penalty_is_regularization_and_no_wiring(digits: Digits) -> None:
    make = digits(step=step_with(l1))
    first = next(check_regularization(evidence_of(make)))
    assert (first.cause, first.severity) == ("regularization", "error")
    assert "L1 penalty" in first.evidence
    assert blamed(make) == ["regularization"]


def test_gathered_gradients_are_no_wrong_wiring(digits: Digits) -> None:
    assert blamed(lambda seed: digits(step=gathering())(seed)) == ["batch_size"]


def test_a_dropped_gradient_is_wrong_wiring(digits: Digits) -> None:
    def step(model: Any, optimizer: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
        return loss.detach()

    assert blamed(digits(step=step)) == ["gradient_wiring"]


def test_without_a_step_of_its_own_there_is_none_to_replace(digits: Digits) -> None:
    assert blamed(digits()) == []
