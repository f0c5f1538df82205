"""Random changes of training samples that make classes alike."""

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from headway.doctor.checks.regularization import check_regularization
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Examples
from headway.doctor.probes.baselines import Baselines
from headway.doctor.probes.data_facts import probe_data_facts
from headway.doctor.program import Program
from headway.doctor.task import TaskFacts

from .results import course_at

FOUR = TaskFacts(kind="classes", num_classes=4, encoding="ids")


class Corners(Dataset[tuple[Tensor, Tensor]]):
    """Which quarter of an image is bright; it may come turned by half."""

    def __init__(self, *, is_turned: bool) -> None:
        draws = torch.Generator().manual_seed(0)
        self.y, self.is_turned = torch.arange(400) % 4, is_turned
        self.x = torch.randn(400, 4, 4, generator=draws)
        for number, corner in enumerate(self.y.tolist()):
            row, column = divmod(corner, 2)
            self.x[number, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2] += 2

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        x = self.x[number]
        if self.is_turned and torch.rand(()) < 0.3:
            x = x.rot90(2)
        return x, self.y[number]


@pytest.mark.parametrize(
    ("is_turned", "reached", "expected"),
    [(True, 0.6, ["regularization"]), (True, 0.9, []), (False, 0.6, [])],
    ids=["costs much", "costs nothing", "is none"],
)
def test_augmentation_that_makes_classes_alike_is_regularization(
    is_turned: bool, reached: float, expected: list[str]
) -> None:
    def make(seed: int) -> Program:
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Flatten(), nn.Linear(16, 4))
        return Program(
            model=model,
            loss_fn=nn.CrossEntropyLoss(),
            optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
            train=Examples(source=Corners(is_turned=is_turned)),
            val=Examples(source=Corners(is_turned=False), shuffle=False),
            seed=seed,
        )

    evidence = Evidence(make=make, program=make(0), task=FOUR)
    evidence.data = probe_data_facts(evidence, Budget())
    evidence.course = course_at(evidence.program, reached)
    evidence.baselines = Baselines(
        dumb=0.25, learned={"linear": 0.9}, samples=400, num_classes=4
    )

    assert [found.cause for found in check_regularization(evidence)] == expected
