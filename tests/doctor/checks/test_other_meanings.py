"""Targets, outputs and numbers that mean something else than they seem to."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from headway.doctor.checks.bad_data import check_bad_data
from headway.doctor.checks.metric import check_metric
from headway.doctor.checks.replaced_targets import check_replaced_targets
from headway.doctor.examples import joined, take
from headway.doctor.program import first_tensor, num_in
from headway.doctor.remedies.losses import ReplaceLoss
from headway.errors import RemedyDoesNotFit

from .small_programs import diabetes, digits, evidence_of, mlp, program


def masked(outputs: Tensor, targets: Tensor) -> Tensor:
    is_known = ~targets.isnan()
    return ((outputs - targets.nan_to_num()).square() * is_known).sum() / is_known.sum()


def half_unknown() -> tuple[Tensor, Tensor]:
    x, y = diabetes()
    y = y.clone()
    y[::2] = math.nan
    return x, y


def test_unknown_targets_may_be_nan_where_the_loss_leaves_them_out():
    made = program(mlp(), masked, half_unknown(), 1)
    assert list(check_bad_data(evidence_of(made, is_trained=True))) == []


def test_nan_targets_that_the_loss_reads_are_bad_data():
    made = program(mlp(), nn.MSELoss(), half_unknown(), 1)
    (found,) = check_bad_data(evidence_of(made, is_trained=True))
    assert (found.cause, found.is_certain) == ("bad_data", True)


class TwoHeads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.early, self.late = nn.Linear(64, 10), nn.Linear(64, 10)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"early": self.early(x), "late": self.late(x)}


def of_both(outputs: dict[str, Tensor], ids: Tensor) -> Tensor:
    return F.cross_entropy(outputs["early"], ids) + F.cross_entropy(outputs["late"], ids)


def test_a_metric_may_be_about_another_output_than_the_first():
    def metric(outputs: dict[str, Tensor], ids: Tensor) -> Tensor:
        return (outputs["late"].argmax(dim=1) == ids).float().mean()

    made = program(lambda *_: TwoHeads(), of_both, digits(), 10, metric=metric)
    assert list(check_metric(evidence_of(made))) == []


def test_a_metric_of_ids_that_the_loss_does_not_ask_for_has_no_finding():
    def nearest(outputs: Tensor, ids: Tensor) -> Tensor:
        near = torch.cdist(outputs, outputs).fill_diagonal_(math.inf).argmin(dim=1)
        return (ids[near] == ids).float().mean()

    def spread(outputs: Tensor, _: Tensor) -> Tensor:
        return -torch.pdist(F.normalize(outputs, dim=1)).mean()

    made = program(mlp(), spread, digits(), 10, metric=nearest)
    assert list(check_metric(evidence_of(made))) == []


def test_values_that_a_step_makes_of_its_targets_are_not_other_classes():
    def step(
        model: nn.Module, optimizer: Any, _: Any, x: Tensor, actions: Tensor
    ) -> Tensor:
        optimizer.zero_grad()
        said = model(x).gather(1, actions.unsqueeze(1)).squeeze(1)
        loss = F.smooth_l1_loss(said, 0.9 * x.mean(dim=1))
        loss.backward()
        optimizer.step()
        return loss

    made = program(mlp(), nn.CrossEntropyLoss(), digits(), 10, step=step)
    assert list(check_replaced_targets(evidence_of(made))) == []


def test_targets_may_be_a_list_with_a_dict_for_each_sample():
    rows = [{"name": str(n), "boxes": torch.ones(n + 1, 4)} for n in range(3)]

    assert num_in(rows) == 3
    assert [row["name"] for row in take(rows, torch.tensor([2, 0]))] == ["2", "0"]
    assert len(joined([rows, rows[:1]])) == 4


def test_names_beside_targets_are_passed_over():
    targets = {"name": ["a", "b"], "label": torch.tensor([1, 0])}

    assert first_tensor(targets).tolist() == [1, 0]
    assert take(targets, torch.tensor([1]))["name"] == ["b"]


class MeanAndSpread(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mean, self.spread = nn.Linear(10, 1), nn.Linear(10, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.mean(x), F.softplus(self.spread(x))


@pytest.mark.parametrize("is_read", [True, False])
def test_only_a_loss_of_one_output_is_replaced(is_read: bool):
    def loss_fn(outputs: Any, targets: Tensor) -> Tensor:
        if is_read:
            return F.gaussian_nll_loss(outputs[0], targets, outputs[1])
        return F.l1_loss(outputs if isinstance(outputs, Tensor) else outputs[0], targets)

    made = program(lambda *_: MeanAndSpread(), loss_fn, diabetes(), 1)(0)
    if not is_read:
        assert ReplaceLoss("mse").apply(made).loss_fn is not loss_fn
        return
    with pytest.raises(RemedyDoesNotFit, match="other outputs"):
        ReplaceLoss("mse").apply(made)


class Centers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.centers = nn.Parameter(-5 * torch.eye(10))

    def forward(self, outputs: Tensor, ids: Tensor) -> Tensor:
        return F.cross_entropy(outputs @ self.centers.T, ids)


def test_right_answers_are_unknown_where_the_loss_has_weights_of_its_own():
    first = evidence_of(program(mlp(), Centers(), digits(), 10)).first_batch
    assert not first.facts.prefers_wrong
