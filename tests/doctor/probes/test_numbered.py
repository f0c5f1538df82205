"""Numbers of kinds, which a distance takes for amounts."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.examples import Examples
from headway.doctor.probes.numbered import Numbered, numbered
from headway.doctor.program import Program

KINDS = 4


def masks(seed: int = 0) -> Tensor:
    """Squares of the kinds 1 to 3 on a ground of 0."""
    generator = torch.Generator().manual_seed(seed)
    mask = torch.zeros(24, 1, 16, 16)
    for picture in mask:
        spots = torch.randperm(4, generator=generator)[: KINDS - 1]
        for kind, spot in enumerate(spots.tolist(), start=1):
            top, left = 8 * (spot // 2) + 1, 8 * (spot % 2) + 1
            picture[0, top : top + 5, left : left + 5] = kind
    return mask


def layers() -> Tensor:
    """How many of three squares that grow lie upon each other."""
    rows = torch.arange(16.0)
    far = torch.maximum((rows[:, None] - 8).abs(), (rows - 8).abs())
    return sum((far < size).float() for size in (2, 4, 6)).expand(24, 1, 16, 16)


def mean_iou(output: Tensor, truth: Tensor) -> float:
    said = output.round().clamp(0, KINDS - 1)
    shares = [
        ((said == k) & (truth == k)).sum() / ((said == k) | (truth == k)).sum().clamp(min=1)
        for k in range(KINDS)
    ]
    return float(torch.stack(shares).mean())


def closeness(output: Tensor, truth: Tensor) -> float:
    return -float((output - truth).abs().mean())


def near_enough(output: Tensor, truth: Tensor) -> float:
    return float(((output - truth).abs() <= 1).float().mean())


def told(targets: Tensor, loss_fn: Any = None, metric: Any = None) -> Numbered | None:
    torch.manual_seed(0)
    inputs = targets + 0.1 * torch.randn(targets.shape)
    model = nn.Conv2d(1, 1, 3, padding=1)
    made = Program(
        model=model,
        loss_fn=loss_fn or nn.MSELoss(),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        train=Examples(source=(inputs, targets), batch_size=8),
        metric=metric,
    )
    outputs = model(inputs) if targets.dim() == 4 else inputs
    return numbered(made, inputs, outputs.detach(), targets)


def squares(output: Tensor, truth: Tensor) -> Tensor:
    return (output - truth).pow(2).mean()


@pytest.mark.parametrize("loss_fn", [nn.L1Loss(), squares], ids=["torch", "by hand"])
def test_a_metric_that_knows_no_order_tells_kinds(loss_fn: Any) -> None:
    assert told(masks(), loss_fn, mean_iou) == Numbered(count=KINDS, is_told_by_metric=True)


def test_areas_next_to_each_other_in_any_order_tell_kinds() -> None:
    assert told(masks()) == Numbered(count=KINDS, is_told_by_metric=False)


def test_numbers_of_kinds_in_a_sequence_need_a_metric() -> None:
    tags = torch.randint(KINDS, (24, 12), generator=torch.Generator().manual_seed(1))
    assert told(tags.float(), metric=mean_iou) is not None
    assert told(tags.float()) is None


AMOUNTS: dict[str, tuple[Callable[[], Tensor], Any, Any]] = {
    "a metric of distances": (masks, None, closeness),
    "a metric of neighbors": (masks, None, near_enough),
    "R2": (masks, None, "r2"),
    "layers upon each other": (layers, None, mean_iou),
    "yes or no": (lambda: masks().clamp(max=1), None, mean_iou),
    "halves": (lambda: masks() / 2, None, mean_iou),
    "no distance": (masks, nn.PoissonNLLLoss(log_input=False), mean_iou),
    "one for a sample": (lambda: masks()[:, :, 3, 3], None, mean_iou),
    "counts": (lambda: torch.poisson(torch.ones(24, 1, 16, 16)), None, None),
}


@pytest.mark.parametrize(("targets", "loss_fn", "metric"), AMOUNTS.values(), ids=AMOUNTS)
def test_amounts_are_no_numbers_of_kinds(
    targets: Callable[[], Tensor], loss_fn: Any, metric: Any
) -> None:
    torch.manual_seed(0)
    assert told(targets(), loss_fn, metric) is None
