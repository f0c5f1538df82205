"""Batches that only their author can make or divide: graphs, boxes, ready-made ones."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from headway.doctor.checkup import check_up
from headway.doctor.evidence import Budget
from headway.doctor.examine import examine_batch
from headway.doctor.progress import progress
from headway.doctor.rows import is_by_sample
from headway.doctor.target import as_program, maker
from headway.errors import TargetError


class Graph(nn.Module):
    """Adds what the neighbors of a node say to what it says itself."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 16), nn.Linear(16, 3)

    def spread(self, h: Tensor, edges: Tensor) -> Tensor:
        return h + torch.zeros_like(h).index_add_(0, edges[1], h[edges[0]]) / 10

    def forward(self, x: Tensor, edges: Tensor) -> Tensor:
        h = self.spread(self.first(x), edges).relu()
        return self.spread(self.second(h), edges)


def a_graph(seed: int) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """Return nodes of three kinds, what connects them, and their kinds."""
    generator = torch.Generator().manual_seed(seed)
    kinds = torch.randint(3, (300,), generator=generator)
    noise = torch.randn(300, 6, generator=generator)
    x = nn.functional.one_hot(kinds, 6) + 0.3 * noise
    chance = torch.where(kinds[:, None] == kinds, 0.04, 0.002)
    edges = (torch.rand(300, 300, generator=generator) < chance).nonzero().T
    return (x, edges), kinds


def of_graphs(lr: float = 0.01, epochs: int = 60, **others: Any) -> dict[str, Any]:
    model = Graph()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr),
        "train": DataLoader([a_graph(0)], batch_size=None),
        "val": DataLoader([a_graph(1)], batch_size=None),
        "epochs": epochs,
        **others,
    }


def test_ready_batches_are_not_put_together_again() -> None:
    ready = [(torch.full((2, 4), float(n)), torch.full((2,), n)) for n in range(3)]
    program = as_program(of_graphs(train=DataLoader(ready, batch_size=None)))

    assert program.train.num_batches == 3
    assert program.train.num_samples == 6
    assert program.train.pick(torch.tensor([0, 3]))[1].tolist() == [0, 1]


def test_a_graph_is_picked_whole() -> None:
    program = as_program(of_graphs())

    (x, edges), kinds = program.train.some(8)

    assert len(x) == len(kinds) == 300
    assert edges.shape[0] == 2


def test_one_graph_at_a_time_is_asked_for_values_by_the_targets_of_several() -> None:
    single = [(a_graph(n)[0], torch.tensor([[1.5 * n]])) for n in range(5)]
    make = maker(
        lambda: of_graphs(
            loss_fn=lambda said, truth: (said.mean() - truth).square().mean(),
            train=DataLoader(single, batch_size=None),
            val=None,
        )
    )

    assert examine_batch(make, Budget(20)).task.kind == "values"


def test_parts_of_different_lengths_are_not_by_sample() -> None:
    x = torch.zeros(4, 2)

    assert is_by_sample((x, x), {"a": x[:, 0]})
    assert is_by_sample(x, [{"boxes": x}, {"boxes": x[:1]}, {"boxes": x}, {"boxes": x}])
    assert not is_by_sample((x, torch.zeros(2, 9)), x[:, 0])
    assert not is_by_sample(x, torch.zeros(()))


def test_a_program_on_a_graph_is_judged() -> None:
    checkup = check_up(maker(lambda: of_graphs()), Budget(20))

    assert not checkup.diagnosis.findings
    assert progress(checkup.evidence).is_fine
    assert checkup.evidence.data is not None
    assert not [note for note in checkup.diagnosis.notes if "Error" in note]


def test_a_rate_that_is_too_small_is_found_on_a_graph() -> None:
    findings = check_up(maker(lambda: of_graphs(1e-6)), Budget(30)).diagnosis.findings

    assert findings[0].severity == "error"
    assert findings[0].cause == "lr_low"


def test_what_cannot_be_measured_of_a_graph_is_said_once() -> None:
    evidence = examine_batch(maker(lambda: of_graphs()), Budget(20))

    assert not evidence.is_by_sample
    assert len(set(evidence.notes)) == len(evidence.notes)
    assert not [note for note in evidence.notes if "Error" in note]


@pytest.mark.parametrize(
    ("train", "message"),
    [
        (a_graph(0), "DataLoader([(inputs, targets)], batch_size=None)"),
        ([(torch.zeros(n, 6), n) for n in (1, 2, 3)], "collate_fn"),
        (DataLoader([({"x": 1},)], batch_size=None), "a pair (inputs, targets)"),
        (
            DataLoader([(torch.zeros(6), torch.tensor(1))], batch_size=None),
            "no dimension for its samples",
        ),
    ],
    ids=["pair", "collated", "no-pair", "single"],
)
def test_data_that_cannot_be_read_are_refused_with_what_to_do(
    train: Any, message: str
) -> None:
    with pytest.raises(TargetError) as raised:
        check_up(maker(lambda: of_graphs(train=train)), Budget(10))

    assert message in str(raised.value)
