"""Embeddings whose vectors are held at a largest norm."""

import pytest
import torch
from torch import nn

from headway.doctor.checks.bound_norms import check_bound_norms
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examine import examine_batch
from headway.doctor.examples import Examples
from headway.doctor.program import Program, seed_all
from headway.doctor.remedies import FreeNorms
from headway.doctor.remedies.propose import propose
from headway.errors import RemedyDoesNotFit

from .results import with_result

WORDS = torch.randint(20, (60, 5), generator=torch.Generator().manual_seed(0))


def program_of(max_norm: float | None, seed: int = 0) -> Program:
    seed_all(seed)
    model = nn.Sequential(nn.EmbeddingBag(20, 8, max_norm=max_norm), nn.Linear(8, 2))
    return Program(
        model=model,
        loss_fn=nn.CrossEntropyLoss(),
        optimizer=torch.optim.Adam(model.parameters()),
        train=Examples(source=(WORDS, (WORDS[:, 0] > 9).long())),
        seed=seed,
    )


def evidence_of(max_norm: float | None, reached: float) -> Evidence:
    evidence = examine_batch(lambda seed: program_of(max_norm, seed), Budget())
    return with_result(evidence, reached)


def test_vectors_that_cannot_grow_are_suspected() -> None:
    evidence = evidence_of(0.02, 0.5)

    (found,) = check_bound_norms(evidence)

    assert (found.cause, found.severity) == ("regularization", "error")
    assert propose(found, evidence)[0] == FreeNorms()


@pytest.mark.parametrize(("max_norm", "reached"), [(None, 0.5), (50.0, 0.5), (0.02, 0.99)])
def test_bounds_that_are_far_or_cost_nothing_are_left_alone(
    max_norm: float | None, reached: float
) -> None:
    assert list(check_bound_norms(evidence_of(max_norm, reached))) == []


def test_free_vectors_keep_their_norm() -> None:
    program = FreeNorms().apply(program_of(0.02))
    before = program.model[0].weight.detach().clone()

    program.model(WORDS)

    assert torch.equal(program.model[0].weight, before)


def test_embeddings_without_a_bound_are_refused() -> None:
    with pytest.raises(RemedyDoesNotFit, match="largest norm"):
        FreeNorms().apply(program_of(None))
