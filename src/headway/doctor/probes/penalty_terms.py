"""How strongly a loss pulls at the weights with terms that compare nothing with targets."""

import copy
import math
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_pre_hook

from headway.doctor.evidence import Evidence
from headway.doctor.examples import Batch, take
from headway.doctor.probes.plain_answers import with_main
from headway.doctor.program import Program, first_tensor, main_output, seed_all

# Updates before a second look: some penalties, such as a divergence from a prior, are small
# as long as the weights are.
_LATER = 20
# A term that moves by less than this share of itself with the targets knows nothing of them.
_EQUAL = 1e-3
# A smaller part of a gradient is a rounding error.
_NOTHING = 1e-6

# Gradients of the parameters in order, zeros where there is none.
_Gradients = list[Tensor]


@dataclass(frozen=True, kw_only=True)
class PenaltyTerms:
    """Terms that pull at the weights by another way than the main output.

    They are the same whatever the targets are: a penalty on activations, on a code, or on
    the weights themselves.

    Attributes:
        pull: Norm of their gradient over that of the rest, of the weights that both move; the
            larger of the first update and one some updates later.
        is_random: Whether updates are random by themselves, as those of a variational
            autoencoder are, whose penalty is part of the answer.
    """

    pull: float
    is_random: bool


def penalty_terms(evidence: Evidence) -> PenaltyTerms | None:
    """Return what the loss adds to the errors, None where nothing can be told from them."""
    program = evidence.make(0)
    seed_all(program.seed)
    batches = iter(program.train.batches())
    batch = next(batches)
    pull = _pull(program, batch)
    if pull == 0:
        return None
    is_random = _is_random(program, batch)
    for later in islice(batches, _LATER):
        program.update(*batch)
        batch = later
    return PenaltyTerms(pull=max(pull, _pull(program, batch)), is_random=is_random)


def _pull(program: Program, batch: Batch) -> float:
    """Return the pull of penalties in an update, of which nothing stays but gradients."""
    inputs, targets = batch
    penalty = _gradients(program, batch, _without_main(program))
    if penalty is None or _norm(penalty) == 0:
        return 0.0
    own = _gradients(program, batch)
    first = first_tensor(targets)
    other = take(targets, torch.zeros(len(first), dtype=torch.long))
    changed = _gradients(program, (inputs, other), _without_main(program))
    if own is None or changed is None or torch.equal(first_tensor(other), first):
        return 0.0
    # Nor is a term a penalty that changes with the targets.
    if _norm(_difference(penalty, changed)) > _EQUAL * _norm(penalty):
        return 0.0
    pairs = zip(penalty, _difference(own, penalty), strict=True)
    both = [(one, two) for one, two in pairs if _norm([two]) > _NOTHING * _norm([one]) > 0]
    rest = _norm([two for _, two in both])
    pull = _norm([one for one, _ in both]) / rest if rest > 0 else 0.0
    return pull if math.isfinite(pull) else 0.0


def _is_random(program: Program, batch: Batch) -> bool:
    """Return whether the errors of two updates from the same weights differ."""
    errors: list[_Gradients] = []
    for seed in (program.seed, program.seed + 1):
        own = _gradients(program, batch, seed=seed)
        penalty = _gradients(program, batch, _without_main(program), seed=seed)
        if own is None or penalty is None:
            return True
        errors.append(_difference(own, penalty))
    return _norm(_difference(*errors)) > _EQUAL * _norm(errors[0])


def _gradients(
    program: Program,
    batch: Batch,
    way: AbstractContextManager[None] | None = None,
    *,
    seed: int | None = None,
) -> _Gradients | None:
    """Return what the optimizer finds in an update; None where it does not step."""
    parameters = [p for group in program.optimizer.param_groups for p in group["params"]]
    before = copy.deepcopy((program.model.state_dict(), program.optimizer.state_dict()))
    found: list[_Gradients] = []

    def look(optimizer: Optimizer, *_: Any) -> None:
        if optimizer is program.optimizer and not found:
            grads = [torch.zeros(()) if p.grad is None else p.grad for p in parameters]
            found.append([grad.detach().to_dense().float().clone() for grad in grads])

    for parameter in parameters:
        parameter.grad = None
    handle = register_optimizer_step_pre_hook(look)
    seed_all(program.seed if seed is None else seed)
    try:
        with way or nullcontext():
            program.update(*batch)
    finally:
        handle.remove()
        program.model.load_state_dict(before[0])
        program.optimizer.load_state_dict(before[1])
    return found[0] if found else None


@contextmanager
def _without_main(program: Program) -> Generator[None]:
    """Keep gradients from reaching the weights through the model's main output."""

    def cut(*called: Any) -> Any:
        outputs = called[-1]
        main = main_output(outputs)
        if not (torch.is_grad_enabled() and main.is_floating_point()):
            return None
        return with_main(outputs, main.detach().requires_grad_())

    handle = program.model.register_forward_hook(cut)
    try:
        yield
    finally:
        handle.remove()


def _difference(one: _Gradients, other: _Gradients) -> _Gradients:
    return [a - b for a, b in zip(one, other, strict=True)]


def _norm(gradients: _Gradients) -> float:
    return math.sqrt(sum(float(gradient.square().sum()) for gradient in gradients))
