import math
from typing import Any

import pytest
import torch
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from torch import Tensor
from torch.nn import functional as F

from headway.errors import DataError, ModelError
from headway.tasks import Regression, RegressionMetrics

CPU = torch.device("cpu")
OFFSETS = pytest.mark.parametrize("offset", [0.0, 1e6], ids=["near-zero", "far-off"])


def task_for(targets: Tensor) -> Regression:
    wanted = targets.double()
    return Regression(wanted.mean(0), wanted.std(0, correction=0))


def samples(offset: float = 0.0, num: int = 90) -> tuple[Regression, Tensor, Tensor]:
    """Task, outputs and targets; three targets of spread 1, 2 and 3."""
    generator = torch.Generator().manual_seed(0)
    spread = torch.tensor([1.0, 2.0, 3.0])
    targets = torch.randn(num, 3, generator=generator) * spread + offset
    noise = torch.randn(num, 3, generator=generator)
    task = task_for(targets)
    outputs = ((targets.double() - task.mean) / task.std).float() + 0.5 * noise
    return task, outputs, targets


def measured(
    task: Regression, outputs: Tensor, targets: Tensor, *, batch_size: int = 40
) -> RegressionMetrics:
    metrics = task.new_metrics(CPU)
    for part, wanted in zip(
        outputs.split(batch_size), targets.split(batch_size), strict=True
    ):
        metrics.update(part, wanted)
    return metrics


def expected_of(task: Regression, outputs: Tensor, targets: Tensor) -> dict[str, float]:
    values, wanted = task.predict(outputs).numpy(), targets.double().numpy()
    standardized = (targets.double() - task.mean) / task.std
    return {
        "loss": F.mse_loss(outputs.double(), standardized).item(),
        "rmse": root_mean_squared_error(wanted, values),
        "mae": mean_absolute_error(wanted, values),
        "r2": r2_score(wanted, values),
    }


@OFFSETS
def test_metrics_equal_those_of_scikit_learn_in_units_of_the_target(offset: float) -> None:
    task, outputs, targets = samples(offset)
    expected = expected_of(task, outputs, targets)
    assert measured(task, outputs, targets).compute() == pytest.approx(expected, rel=1e-8)


@OFFSETS
def test_r2_on_other_data_than_the_mean_was_taken_from_is_right(offset: float) -> None:
    _, outputs, targets = samples(offset)
    task = task_for(targets[:10] + 1.0)
    expected = expected_of(task, outputs, targets)["r2"]
    reached = measured(task, outputs, targets).compute()["r2"]
    assert reached == pytest.approx(expected, rel=1e-7)


def test_the_loss_is_the_mean_squared_error_of_standardized_targets() -> None:
    task = Regression(torch.tensor([10.0]).double(), torch.tensor([2.0]).double())
    loss = task.loss(torch.tensor([[0.5], [1.0]]), torch.tensor([[13.0], [8.0]]))
    assert loss.item() == ((0.5 - 1.5) ** 2 + (1.0 + 1.0) ** 2) / 2


def test_the_loss_of_a_far_off_target_keeps_its_digits() -> None:
    task = Regression(torch.tensor([1e6]).double(), torch.tensor([1.0]).double())
    targets = torch.tensor([[1e6 + 0.0625], [1e6 - 0.25]])
    assert task.loss(torch.zeros(2, 1), targets).item() == (0.0625**2 + 0.25**2) / 2


def test_the_loss_of_bfloat16_outputs_is_computed_in_float32() -> None:
    task, outputs, targets = samples()
    expected = task.loss(outputs.bfloat16().float(), targets)
    assert task.loss(outputs.bfloat16(), targets).item() == expected.item()


def test_the_gradient_of_the_loss_is_right() -> None:
    task, outputs, targets = samples(num=4)
    inputs = outputs.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: task.loss(x, targets), inputs)


def test_the_size_of_the_batches_does_not_matter() -> None:
    task, outputs, targets = samples(1e6)
    whole = measured(task, outputs, targets, batch_size=90).compute()
    parts = measured(task, outputs, targets, batch_size=7).compute()
    assert parts == pytest.approx(whole, rel=1e-10)


def test_masked_samples_do_not_count() -> None:
    task, outputs, targets = samples()
    mask = torch.arange(90) % 4 != 0
    outputs[~mask] = math.nan
    metrics = task.new_metrics(CPU)
    for part in (slice(0, 50), slice(50, 90)):
        metrics.update(outputs[part], targets[part], mask[part])
    expected = measured(task, outputs[mask], targets[mask]).compute()
    assert metrics.compute() == pytest.approx(expected, rel=1e-12)


def test_sums_of_processes_add_up_in_place() -> None:
    task, outputs, targets = samples(1e6)
    first, second = (measured(task, outputs[i::2], targets[i::2]) for i in range(2))
    for ours, theirs in zip(first.tensors(), second.tensors(), strict=True):
        ours += theirs
    whole = measured(task, outputs, targets).compute()
    assert first.compute() == pytest.approx(whole, rel=1e-10)


def test_metrics_of_bfloat16_outputs_are_computed_above_it() -> None:
    task, outputs, targets = samples()
    rounded = outputs.bfloat16()
    expected = measured(task, rounded.float(), targets).compute()
    assert measured(task, rounded, targets).compute() == expected


@pytest.mark.parametrize("error", [0.0, 0.5])
def test_r2_of_a_constant_target_is_that_of_scikit_learn(error: float) -> None:
    task = Regression(torch.tensor([0.3]).double(), torch.tensor([0.7]).double())
    targets = torch.full((9, 1), 1.0)
    outputs = (targets.double() - 0.3) / 0.7 + error
    expected = r2_score(targets.numpy(), task.predict(outputs).numpy())
    assert measured(task, outputs, targets).compute()["r2"] == expected


def test_without_samples_every_metric_is_nan() -> None:
    task, _, _ = samples()
    assert all(map(math.isnan, task.new_metrics(CPU).compute().values()))


def test_metrics_keep_no_graph() -> None:
    task, outputs, targets = samples()
    metrics = measured(task, outputs.requires_grad_(), targets)
    assert not any(tensor.requires_grad for tensor in metrics.tensors())


def test_update_never_reads_a_value_on_the_host() -> None:
    # A meta tensor has no values: whatever reads one raises.
    task, outputs, targets = samples()
    outputs, targets = outputs.to("meta"), targets.to("meta")
    metrics = task.new_metrics(torch.device("meta"))
    metrics.update(outputs, targets, torch.ones(90, dtype=torch.bool, device="meta"))
    metrics.update(outputs, targets)
    assert all(tensor.is_meta for tensor in metrics.tensors())


def test_the_loss_moves_the_units_to_the_device_once() -> None:
    task, outputs, targets = samples()
    task.loss(outputs.to("meta"), targets.to("meta"))
    units = task._units
    task.loss(outputs.to("meta"), targets.to("meta"))
    assert task._units is units


def test_predictions_are_in_units_of_the_target() -> None:
    task = Regression(torch.tensor([1e6, 0.0]).double(), torch.tensor([2.0, 3.0]).double())
    assert task.predict(torch.tensor([[0.5, -1.0]])).tolist() == [[1e6 + 1.0, -3.0]]


def test_predictions_of_a_far_off_target_keep_their_digits() -> None:
    task = Regression(torch.tensor([1e6]).double(), torch.tensor([1.0]).double())
    assert task.predict(torch.tensor([[1e-3]])).item() == pytest.approx(
        1e6 + 1e-3, abs=1e-9
    )


@OFFSETS
def test_chance_level_is_what_the_mean_reaches_as_an_answer(offset: float) -> None:
    task, _, targets = samples(offset)
    reached = measured(task, torch.zeros(90, 3), targets).compute()
    expected = {name: reached[name] for name in ("rmse", "r2")}
    assert task.chance_level(targets) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_r2_is_what_the_best_snapshot_is_chosen_by() -> None:
    task, _, _ = samples()
    assert (task.monitor, task.monitor_mode) == ("r2", "max")


def test_outputs_that_do_not_fit_are_refused() -> None:
    task, _, targets = samples()
    with pytest.raises(ModelError, match=r"shape \(90,\), .* shape \(batch, 3\)"):
        task.loss(torch.zeros(90), targets)


UNFIT_TARGETS = pytest.mark.parametrize(
    ("targets", "message"),
    [
        (torch.zeros(4, 3, dtype=torch.int64), r"float targets .* got torch\.int64 of"),
        (
            torch.zeros(4),
            r"of shape \(4, 3\), one value .* got .* of shape \(4,\)",
        ),
        (torch.zeros(4, 1), r"of shape \(4, 3\), .* of shape \(4, 1\)"),
    ],
    ids=["dtype", "ndim", "width"],
)


@UNFIT_TARGETS
def test_the_loss_refuses_targets_that_do_not_fit(targets: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        samples()[0].loss(torch.zeros(4, 3), targets)


@UNFIT_TARGETS
def test_metrics_refuse_targets_that_do_not_fit(targets: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        samples()[0].new_metrics(CPU).update(torch.zeros(4, 3), targets)


@pytest.mark.parametrize("std", [0.0, -1.0, math.nan, math.inf])
def test_a_std_that_is_not_above_zero_and_finite_is_refused(std: float) -> None:
    with pytest.raises(ValueError, match=r"std above 0, got mean \[0\.0\] and std"):
        Regression(torch.zeros(1).double(), torch.tensor([std]).double())
