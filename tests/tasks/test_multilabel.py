import math
from typing import Any

import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, log_loss
from torch import Tensor
from torch.nn import functional as F

from headway.errors import DataError, ModelError
from headway.tasks import MultiLabel, MultiLabelMetrics

CPU = torch.device("cpu")


def samples(num: int = 50, labels: int = 3) -> tuple[Tensor, Tensor]:
    """Logits and targets; the last label is neither present nor predicted."""
    generator = torch.Generator().manual_seed(0)
    targets = (torch.rand(num, labels, generator=generator) < 0.4).float()
    logits = 2.0 * torch.randn(num, labels, generator=generator) + targets
    targets[:, -1] = 0.0
    logits[:, -1] = -1.0
    return logits, targets


def measured(logits: Tensor, targets: Tensor, *, batch_size: int = 20) -> MultiLabelMetrics:
    metrics = MultiLabel(logits.shape[1]).new_metrics(CPU)
    for part, wanted in zip(
        logits.split(batch_size), targets.split(batch_size), strict=True
    ):
        metrics.update(part, wanted)
    return metrics


def test_the_loss_is_binary_cross_entropy() -> None:
    logits, targets = samples()
    expected = F.binary_cross_entropy_with_logits(logits, targets)
    assert MultiLabel(3).loss(logits, targets).item() == expected.item()


def test_logits_of_zero_give_the_logarithm_of_two() -> None:
    loss = MultiLabel(3).loss(torch.zeros(2, 3), torch.ones(2, 3))
    assert loss.item() == pytest.approx(math.log(2))


def test_the_loss_of_bfloat16_outputs_is_computed_in_float32() -> None:
    logits, targets = samples()
    expected = F.binary_cross_entropy_with_logits(logits.bfloat16().float(), targets)
    assert MultiLabel(3).loss(logits.bfloat16(), targets).item() == expected.item()


def test_the_gradient_of_the_loss_is_right() -> None:
    logits, targets = samples(num=4)
    inputs = logits.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: MultiLabel(3).loss(x, targets), inputs)


def test_metrics_equal_those_of_scikit_learn() -> None:
    logits, targets = samples()
    wanted, predicted = targets.numpy(), (logits > 0).float().numpy()
    probabilities = logits.double().sigmoid().flatten().numpy()
    expected = {
        "loss": log_loss(wanted.ravel(), probabilities),
        "f1": f1_score(wanted, predicted, average="micro", zero_division=0),
        "macro_f1": f1_score(wanted, predicted, average="macro", zero_division=0),
        "exact_match": accuracy_score(wanted, predicted),
    }
    assert measured(logits, targets).compute() == pytest.approx(expected, rel=1e-6)


def test_the_size_of_the_batches_does_not_matter() -> None:
    logits, targets = samples()
    whole = measured(logits, targets, batch_size=50).compute()
    assert measured(logits, targets, batch_size=7).compute() == pytest.approx(
        whole, rel=1e-12
    )


def test_masked_samples_do_not_count() -> None:
    logits, targets = samples()
    mask = torch.arange(50) % 4 != 0
    logits[~mask] = math.nan
    metrics = MultiLabel(3).new_metrics(CPU)
    for part in (slice(0, 20), slice(20, 50)):
        metrics.update(logits[part], targets[part], mask[part])
    expected = measured(logits[mask], targets[mask]).compute()
    assert metrics.compute() == pytest.approx(expected, rel=1e-12)


def test_sums_of_processes_add_up_in_place() -> None:
    logits, targets = samples()
    first, second = (measured(logits[i::2], targets[i::2]) for i in range(2))
    for ours, theirs in zip(first.tensors(), second.tensors(), strict=True):
        ours += theirs
    assert first.compute() == pytest.approx(measured(logits, targets).compute(), rel=1e-12)


def test_metrics_of_bfloat16_outputs_are_computed_in_float32() -> None:
    logits, targets = samples()
    rounded = logits.bfloat16()
    assert (
        measured(rounded, targets).compute() == measured(rounded.float(), targets).compute()
    )


def test_without_samples_every_metric_is_nan() -> None:
    assert all(map(math.isnan, MultiLabel(3).new_metrics(CPU).compute().values()))


def test_metrics_keep_no_graph() -> None:
    logits, targets = samples()
    metrics = measured(logits.requires_grad_(), targets)
    assert not any(tensor.requires_grad for tensor in metrics.tensors())


def test_update_never_reads_a_value_on_the_host() -> None:
    # A meta tensor has no values: whatever reads one raises.
    logits, targets = (tensor.to("meta") for tensor in samples())
    metrics = MultiLabel(3).new_metrics(torch.device("meta"))
    metrics.update(logits, targets, torch.ones(50, dtype=torch.bool, device="meta"))
    metrics.update(logits, targets)
    assert all(tensor.is_meta for tensor in metrics.tensors())


def test_predictions_are_probabilities_of_each_label() -> None:
    logits, _ = samples()
    probabilities = MultiLabel(3).predict(logits.bfloat16())
    torch.testing.assert_close(probabilities, logits.bfloat16().float().sigmoid())


def constant_answer(answer: list[float], targets: Tensor) -> dict[str, float]:
    """Return the metrics of giving each sample the label probabilities `answer`."""
    logits = torch.tensor(answer).logit().expand_as(targets)
    return measured(logits, targets).compute()


PRESENT = torch.tensor([[1.0, 1, 0], [1, 0, 0], [1, 1, 0], [0, 1, 1], [1, 0, 0]])


def test_the_chance_loss_is_that_of_the_label_shares() -> None:
    reached = constant_answer([0.8, 0.6, 0.2], PRESENT)
    assert MultiLabel(3).chance_level(PRESENT)["loss"] == pytest.approx(reached["loss"])


@pytest.mark.parametrize("metric", ["f1", "macro_f1", "exact_match"])
def test_the_chance_level_is_reached_by_the_best_constant_answer(metric: str) -> None:
    answers = [[0.1 + 0.8 * (n >> k & 1) for k in range(3)] for n in range(8)]
    best = max(constant_answer(answer, PRESENT)[metric] for answer in answers)
    assert MultiLabel(3).chance_level(PRESENT)[metric] == pytest.approx(best)


def test_f1_is_what_the_best_snapshot_is_chosen_by() -> None:
    task = MultiLabel(3)
    assert (task.monitor, task.monitor_mode) == ("f1", "max")


def test_outputs_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ModelError, match=r"shape \(4, 5\), .* shape \(batch, 3\)"):
        MultiLabel(3).loss(torch.zeros(4, 5), torch.zeros(4, 3))


UNFIT_TARGETS = pytest.mark.parametrize(
    ("targets", "message"),
    [
        (torch.zeros(4, 3, dtype=torch.int64), r"float targets .* got torch\.int64 of"),
        (
            torch.zeros(4),
            r"of shape \(4, 3\), 0 or 1 .* got .* of shape \(4,\)",
        ),
        (torch.zeros(4, 2), r"of shape \(4, 3\), .* of shape \(4, 2\)"),
        (None, r"got a NoneType"),
    ],
    ids=["dtype", "ndim", "width", "none"],
)


@UNFIT_TARGETS
def test_the_loss_refuses_targets_that_do_not_fit(targets: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        MultiLabel(3).loss(torch.zeros(4, 3), targets)


@UNFIT_TARGETS
def test_metrics_refuse_targets_that_do_not_fit(targets: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        MultiLabel(3).new_metrics(CPU).update(torch.zeros(4, 3), targets)


def test_a_task_without_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="num_labels must be at least 1, got 0"):
        MultiLabel(0)
