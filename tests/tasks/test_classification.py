import math
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, top_k_accuracy_score
from torch import Tensor
from torch.nn import functional as F

from headway.errors import DataError, ModelError, RecipeError
from headway.tasks import Classification, ClassificationMetrics

CPU = torch.device("cpu")


def samples(num: int = 60, classes: int = 7) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = 2.0 * torch.randn(num, classes, generator=generator)
    return logits, torch.randint(classes, (num,), generator=generator)


def measured(
    logits: Tensor, targets: Tensor, *, batch_size: int = 25
) -> ClassificationMetrics:
    metrics = Classification(logits.shape[1]).new_metrics(CPU)
    for part, wanted in zip(
        logits.split(batch_size), targets.split(batch_size), strict=True
    ):
        metrics.update(part, wanted)
    return metrics


def test_the_loss_is_cross_entropy() -> None:
    logits, targets = samples()
    expected = F.cross_entropy(logits, targets)
    assert Classification(7).loss(logits, targets).item() == expected.item()


def test_the_loss_smooths_labels_as_torch_does() -> None:
    logits, targets = samples()
    expected = F.cross_entropy(logits, targets, label_smoothing=0.1)
    assert Classification(7, label_smoothing=0.1).loss(logits, targets) == expected


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_of_blended_targets_is_the_blend_of_the_losses(smoothing: float) -> None:
    logits = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    one, other = torch.tensor([0, 1, 2, 3, 0, 1]), torch.tensor([1, 1, 0, 2, 3, 0])
    soft = 0.3 * F.one_hot(one, 4) + 0.7 * F.one_hot(other, 4)
    task = Classification(4, smoothing)
    expected = 0.3 * task.loss(logits, one) + 0.7 * task.loss(logits, other)
    torch.testing.assert_close(task.loss(logits, soft), expected)
    torch.testing.assert_close(task.loss(logits.double(), soft), expected.double())


def test_equal_logits_give_the_logarithm_of_the_number_of_classes() -> None:
    loss = Classification(10).loss(torch.zeros(4, 10), torch.arange(4))
    assert loss.item() == pytest.approx(math.log(10))


def test_the_loss_of_bfloat16_outputs_is_computed_in_float32() -> None:
    logits, targets = samples()
    loss = Classification(7).loss(logits.bfloat16(), targets)
    torch.testing.assert_close(
        loss, F.cross_entropy(logits.bfloat16().float(), targets), rtol=0, atol=0
    )


def test_the_gradient_of_the_loss_is_right() -> None:
    logits, targets = samples(num=4)
    task = Classification(7, label_smoothing=0.2)
    inputs = logits.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: task.loss(x, targets), inputs)


def test_metrics_equal_those_of_scikit_learn() -> None:
    logits, targets = samples()
    probabilities = logits.double().softmax(1).numpy()
    expected = {
        "loss": log_loss(targets, probabilities),
        "accuracy": accuracy_score(targets, logits.argmax(1)),
        "top5": top_k_accuracy_score(targets, probabilities, k=5),
    }
    assert measured(logits, targets).compute() == pytest.approx(expected, rel=1e-6)


def test_the_confusion_equals_that_of_scikit_learn() -> None:
    logits, targets = samples()
    expected = confusion_matrix(targets, logits.argmax(1))
    np.testing.assert_array_equal(measured(logits, targets).confusion().numpy(), expected)


def test_the_size_of_the_batches_does_not_matter() -> None:
    logits, targets = samples()
    whole = measured(logits, targets, batch_size=60).compute()
    assert measured(logits, targets, batch_size=7).compute() == pytest.approx(
        whole, rel=1e-12
    )


def masked_metrics(logits: Tensor, targets: Tensor, mask: Tensor) -> ClassificationMetrics:
    metrics = Classification(7).new_metrics(CPU)
    for start in (0, 30):
        part = slice(start, start + 30)
        metrics.update(logits[part], targets[part], mask[part])
    return metrics


def test_masked_samples_do_not_count() -> None:
    logits, targets = samples()
    mask = torch.arange(60) % 3 != 0
    logits[~mask] = math.nan
    expected = measured(logits[mask], targets[mask]).compute()
    assert masked_metrics(logits, targets, mask).compute() == pytest.approx(expected)


def test_masked_samples_are_not_in_the_confusion() -> None:
    logits, targets = samples()
    mask = torch.arange(60) % 3 != 0
    expected = measured(logits[mask], targets[mask]).confusion()
    assert torch.equal(masked_metrics(logits, targets, mask).confusion(), expected)


def test_sums_of_processes_add_up_in_place() -> None:
    logits, targets = samples()
    first, second = (measured(logits[i::2], targets[i::2]) for i in range(2))
    for ours, theirs in zip(first.tensors(), second.tensors(), strict=True):
        ours += theirs
    assert first.compute() == pytest.approx(measured(logits, targets).compute(), rel=1e-12)


def test_the_loss_of_the_metrics_is_not_smoothed() -> None:
    logits, targets = samples()
    metrics = Classification(7, label_smoothing=0.3).new_metrics(CPU)
    metrics.update(logits, targets)
    expected = F.cross_entropy(logits, targets).item()
    assert metrics.compute()["loss"] == pytest.approx(expected, rel=1e-6)


def test_metrics_of_bfloat16_outputs_are_computed_in_float32() -> None:
    logits, targets = samples()
    rounded = logits.bfloat16()
    assert (
        measured(rounded, targets).compute() == measured(rounded.float(), targets).compute()
    )


def test_top5_needs_more_than_five_classes() -> None:
    assert measured(*samples(classes=5)).compute().keys() == {"loss", "accuracy"}


def test_without_samples_every_metric_is_nan() -> None:
    assert all(map(math.isnan, Classification(7).new_metrics(CPU).compute().values()))


def test_outputs_that_are_not_a_number_give_a_loss_that_is_not_one() -> None:
    metrics = measured(torch.full((3, 7), math.nan), torch.tensor([0, 1, 2]))
    assert math.isnan(metrics.compute()["loss"])


def test_metrics_keep_no_graph() -> None:
    logits, targets = samples()
    metrics = measured(logits.requires_grad_(), targets)
    assert not any(tensor.requires_grad for tensor in metrics.tensors())


def test_update_never_reads_a_value_on_the_host() -> None:
    # A meta tensor has no values: whatever reads one raises.
    logits, targets = (tensor.to("meta") for tensor in samples())
    metrics = Classification(7).new_metrics(torch.device("meta"))
    metrics.update(logits, targets, torch.ones(60, dtype=torch.bool, device="meta"))
    metrics.update(logits, targets)
    assert all(tensor.is_meta for tensor in metrics.tensors())


def test_predictions_are_probabilities() -> None:
    logits, _ = samples()
    probabilities = Classification(7).predict(logits.bfloat16())
    torch.testing.assert_close(probabilities, logits.bfloat16().float().softmax(1))


def test_chance_level_of_balanced_classes_is_the_logarithm_of_their_number() -> None:
    chance = Classification(4).chance_level(torch.arange(4).repeat(5))
    assert chance == pytest.approx({"loss": math.log(4), "accuracy": 0.25})


def test_chance_level_is_what_the_class_shares_reach_as_an_answer() -> None:
    targets = torch.tensor([0, 0, 0, 1, 1, 3])
    shares = torch.tensor([3 / 6, 2 / 6, 1e-30, 1 / 6])
    metrics = measured(shares.log().expand(6, 4), targets).compute()
    chance = Classification(4).chance_level(targets)
    assert chance == pytest.approx(metrics, rel=1e-6)


def test_accuracy_is_what_the_best_snapshot_is_chosen_by() -> None:
    task = Classification(3)
    assert (task.monitor, task.monitor_mode) == ("accuracy", "max")


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (torch.zeros(4, 5), r"torch\.float32 of shape \(4, 5\), .* \(batch, 7\)"),
        (torch.zeros(4, 7, 1, 1), r"shape \(4, 7, 1, 1\), .* \(batch, 7\)"),
        (torch.zeros(4, 7, dtype=torch.int64), r"torch\.int64 of shape .* float tensor"),
        (
            (torch.zeros(4, 7), None),
            r"returned a tuple, .* shape \(batch, 7\)",
        ),
    ],
    ids=["width", "ndim", "dtype", "tuple"],
)
def test_outputs_that_do_not_fit_are_refused(outputs: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Classification(7).loss(outputs, torch.zeros(4, dtype=torch.int64))


UNFIT_TARGETS = pytest.mark.parametrize(
    ("targets", "message"),
    [
        (
            torch.zeros(4),
            r"int64 targets of shape \(4,\).*got torch\.float32 of shape \(4,\)",
        ),
        (
            torch.zeros(3, dtype=torch.int64),
            r"of shape \(4,\).*got torch\.int64 of shape \(3,\)",
        ),
        (torch.zeros(4, 7, dtype=torch.int64), r"got torch\.int64 of shape \(4, 7\)"),
        ([0, 1, 2, 3], r"got a list"),
    ],
    ids=["dtype", "length", "ndim", "list"],
)


@UNFIT_TARGETS
def test_the_loss_refuses_targets_that_do_not_fit(targets: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Classification(7).loss(torch.zeros(4, 7), targets)


@UNFIT_TARGETS
def test_metrics_refuse_targets_that_do_not_fit(targets: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Classification(7).new_metrics(CPU).update(torch.zeros(4, 7), targets)


@pytest.mark.parametrize("label_smoothing", [-0.1, 1.0])
def test_label_smoothing_out_of_range_is_refused(label_smoothing: float) -> None:
    with pytest.raises(RecipeError, match=f"below 1, got {label_smoothing}"):
        Classification(3, label_smoothing)


def test_a_single_class_is_refused() -> None:
    with pytest.raises(ValueError, match="num_classes must be at least 2, got 1"):
        Classification(1)
