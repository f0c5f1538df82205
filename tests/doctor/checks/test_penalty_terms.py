"""Terms of a loss that know no targets are told from errors by their gradients."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from headway.doctor.checks.penalty_terms import check_penalty_terms
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examine import examine_batch
from headway.doctor.examples import Examples
from headway.doctor.program import Program, seed_all
from headway.doctor.remedies import LeavePenaltiesOut
from headway.doctor.remedies.propose import propose

from .results import with_result

X = torch.rand(256, 8, generator=torch.Generator().manual_seed(0))
Y = torch.stack([X[:, 0] > 0.5, X[:, 1] > 0.5], dim=1).long()
Loss = Callable[["Coder", Any, Any], Tensor]


class Coder(nn.Module):
    """Says a class, how sure it is, and the code that both come from."""

    def __init__(self, *, is_random: bool = False) -> None:
        super().__init__()
        self.code, self.head, self.other = nn.Linear(8, 6), nn.Linear(6, 2), nn.Linear(6, 2)
        self.is_random = is_random

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        self.kept = code = self.code(x)
        if self.is_random and self.training:
            code = code + torch.randn_like(code)
        return self.head(code), self.other(code), self.kept


def error(outputs: Any, targets: Any) -> Tensor:
    return F.cross_entropy(outputs[0], targets[:, 0])


def program_with(
    loss: Loss, *, is_random: bool = False, step: Any = None
) -> Callable[[int], Program]:
    def make(seed: int) -> Program:
        seed_all(seed)
        model = Coder(is_random=is_random)
        return Program(
            model=model,
            loss_fn=lambda outputs, targets: loss(model, outputs, targets),
            optimizer=torch.optim.SGD(model.parameters(), lr=0.01),
            train=Examples(source=(X, Y)),
            step=step,
            seed=seed,
        )

    return make


PENALTIES: dict[str, Loss] = {
    "another output": lambda m, o, y: error(o, y) + o[2].abs().sum(),
    "what forward keeps": lambda m, o, y: error(o, y) + m.kept.square().sum(),
    "weights": lambda m, o, y: error(o, y) + sum(p.abs().sum() for p in m.parameters()),
}
ERRORS: dict[str, Loss] = {
    "none": lambda m, o, y: error(o, y),
    "two tasks": lambda m, o, y: error(o, y) + 100 * F.cross_entropy(o[1], y[:, 1]),
    "a small one": lambda m, o, y: error(o, y) + 1e-4 * o[2].square().mean(),
}


def found_by(make: Callable[[int], Program], *, standard: float = 0.5) -> list[Any]:
    return list(check_penalty_terms(evidence_of(make, standard)))


def evidence_of(make: Callable[[int], Program], standard: float) -> Evidence:
    return with_result(examine_batch(make, Budget()), standard)


@pytest.mark.parametrize("loss", PENALTIES.values(), ids=PENALTIES)
def test_a_penalty_that_outweighs_the_errors_is_named(loss: Loss) -> None:
    evidence = evidence_of(program_with(loss), 0.5)

    (found,) = check_penalty_terms(evidence)

    assert (found.cause, found.severity) == ("regularization", "error")
    assert propose(found, evidence)[0] == LeavePenaltiesOut()


@pytest.mark.parametrize("loss", ERRORS.values(), ids=ERRORS)
def test_terms_that_read_targets_and_small_ones_are_fine(loss: Loss) -> None:
    assert found_by(program_with(loss)) == []


def test_a_penalty_of_a_step_of_its_own_is_seen() -> None:
    def step(model: Any, optimizer: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
        optimizer.zero_grad()
        outputs = model(x)
        loss = loss_fn(outputs, y) + outputs[2].abs().sum()
        loss.backward()
        optimizer.step()
        return loss

    assert found_by(program_with(ERRORS["none"], step=step))


def test_where_updates_are_random_a_penalty_is_part_of_an_answer_that_is_good() -> None:
    loss = PENALTIES["another output"]
    assert found_by(program_with(loss), standard=0.97)[0].severity == "warning"
    assert found_by(program_with(loss, is_random=True), standard=0.97) == []


def test_nothing_is_said_where_nothing_judges_what_is_learned() -> None:
    evidence = evidence_of(program_with(PENALTIES["weights"]), 0.5)
    evidence.baselines = None
    assert list(check_penalty_terms(evidence)) == []


def gradients(program: Program) -> list[Tensor | None]:
    loss = program.loss_fn(program.model(X), Y)
    loss.backward()
    return [p.grad for p in program.model.parameters()]


@pytest.mark.parametrize("loss", PENALTIES.values(), ids=PENALTIES)
def test_without_penalties_the_gradient_is_that_of_the_error(loss: Loss) -> None:
    treated = LeavePenaltiesOut().apply(program_with(loss)(0))
    plain = gradients(program_with(ERRORS["none"])(0))
    for one, other in zip(gradients(treated), plain, strict=True):
        expected = torch.zeros(()) if other is None else other
        assert torch.allclose(torch.zeros(()) if one is None else one, expected, atol=1e-4)
