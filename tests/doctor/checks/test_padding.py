"""Losses that count the padding at the end of sequences."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.checks.padding import check_padding
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examine import examine_batch
from headway.doctor.examples import Examples
from headway.doctor.probes.confusion import Confusion
from headway.doctor.program import Program, seed_all

# Of all positions most are padding: three words, and seven zeros.
WORDS = torch.randint(1, 9, (40, 10), generator=torch.Generator().manual_seed(0))
WORDS[:, 3:] = 0
TAGS = (WORDS > 4).long() + (WORDS > 0).long()
# Nearly all padding is right, and half of the words.
HIDDEN = torch.tensor([[280, 0, 0], [0, 30, 30], [0, 30, 30]])


class Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.names, self.out = nn.Embedding(9, 4), nn.Linear(4, 3)

    def forward(self, words: Tensor) -> Tensor:
        return self.out(self.names(words)).transpose(1, 2)


def looked_at(loss_fn: Any, words: Tensor = WORDS, counts: Tensor = HIDDEN) -> Evidence:
    def make(seed: int) -> Program:
        seed_all(seed)
        model = Tagger()
        return Program(
            model=model,
            loss_fn=loss_fn,
            optimizer=torch.optim.Adam(model.parameters()),
            train=Examples(source=(words, TAGS)),
            seed=seed,
        )

    evidence = examine_batch(make, Budget())
    evidence.confusion = Confusion(train=counts, val=counts)
    return evidence


def of_words(output: Tensor, tags: Tensor) -> Tensor:
    loss = nn.functional.cross_entropy(output, tags, reduction="none")
    return loss[tags > 0].mean()


def test_padding_that_is_counted_is_the_wrong_loss():
    (found,) = check_padding(looked_at(nn.CrossEntropyLoss()))

    assert (found.cause, found.is_certain) == ("loss_mismatch", True)
    assert "70% of the positions" in found.evidence


FINE = {
    "ignored": looked_at(nn.CrossEntropyLoss(ignore_index=0)),
    "without weight": looked_at(nn.CrossEntropyLoss(weight=torch.tensor([0.0, 1, 1]))),
    "left out by hand": looked_at(of_words),
    "words all along": looked_at(nn.CrossEntropyLoss(), WORDS.roll(7, dims=1)),
    "words are learned": looked_at(nn.CrossEntropyLoss(), counts=torch.eye(3).long() * 100),
}


@pytest.mark.parametrize("evidence", FINE.values(), ids=FINE)
def test_nothing_is_said_where_padding_is(evidence):
    assert not list(check_padding(evidence))
