"""What answers reach that do not see in which order the steps of a sequence come."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.checks.order_blind import check_order_blind
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examine import examine_batch
from headway.doctor.examples import Examples
from headway.doctor.probes.baselines import probe_baselines
from headway.doctor.program import Program, seed_all

from .results import with_result

GENERATOR = torch.Generator().manual_seed(0)
WORDS = torch.randint(3, 9, (400, 6), generator=GENERATOR)
IS_FIRST = torch.rand(400, generator=GENERATOR) > 0.5
IN_ORDER = WORDS.clone()
IN_ORDER[:, 1] = torch.where(IS_FIRST, 1, 2)
IN_ORDER[:, 4] = torch.where(IS_FIRST, 2, 1)
WHEREVER = WORDS.clone()
WHEREVER[torch.arange(400), torch.randint(6, (400,), generator=GENERATOR)] = torch.where(
    IS_FIRST, 1, 2
)


class Attending(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.names, self.out = nn.Embedding(9, 8), nn.Linear(8, 2)
        self.score = nn.Linear(8, 1)

    def forward(self, words: Tensor) -> Tensor:
        h = self.names(words)
        return self.out((self.score(h).softmax(dim=1) * h).sum(dim=1))


def evidence_of(words: Tensor) -> Evidence:
    def make(seed: int) -> Program:
        seed_all(seed)
        model = Attending()
        return Program(
            model=model,
            loss_fn=nn.CrossEntropyLoss(),
            optimizer=torch.optim.Adam(model.parameters(), lr=0.01),
            train=Examples(source=(words[:300], IS_FIRST[:300].long())),
            val=Examples(source=(words[300:], IS_FIRST[300:].long()), shuffle=False),
            seed=seed,
        )

    return examine_batch(make, Budget())


@pytest.mark.parametrize(("words", "told"), [(IN_ORDER, False), (WHEREVER, True)])
def test_answers_without_the_order_tell_whether_it_matters(
    words: Tensor, told: bool
) -> None:
    found = probe_baselines(evidence_of(words), Budget())

    assert found.good > 0.95
    assert (found.unordered > 0.95) == told


@pytest.mark.parametrize(("unordered", "count"), [(0.95, 0), (0.5, 1)])
def test_places_are_not_missed_where_the_order_tells_nothing(
    unordered: float, count: int
) -> None:
    evidence = with_result(evidence_of(WHEREVER), 0.7)
    assert evidence.baselines is not None
    evidence.baselines = replace(evidence.baselines, unordered=unordered)

    assert len(list(check_order_blind(evidence))) == count
