"""The mean of several answers."""

import math

import pytest
import torch

from headway.tasks import Classification, MultiLabel, Regression, StepClassification

WEIGHTS = (0.5, 0.3, 0.2)
TASKS = {
    "classification": (Classification(4), (6, 4)),
    "multi-label": (MultiLabel(4), (6, 4)),
    "regression": (
        Regression(torch.zeros(2).double() + 7, torch.ones(2).double() * 3),
        (6, 2),
    ),
    "steps": (StepClassification(4), (6, 5, 4)),
}


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["equal", "weighted"])
@pytest.mark.parametrize("kind", TASKS)
def test_the_prediction_of_the_mean_is_the_mean_of_the_predictions(kind, weights):
    task, shape = TASKS[kind]
    generator = torch.Generator().manual_seed(0)
    outputs = 3.0 * torch.randn(3, *shape, generator=generator, dtype=torch.float64)
    shares = weights or (1 / 3,) * 3

    found = task.predict(task.combine(outputs, weights))

    pairs = zip(shares, outputs, strict=True)
    torch.testing.assert_close(found, sum(w * task.predict(o) for w, o in pairs))


@pytest.mark.parametrize("kind", ["classification", "multi-label", "steps"])
def test_members_that_are_all_but_certain_lose_no_digits(kind):
    task, shape = TASKS[kind]
    certain = torch.zeros(2, *shape, dtype=torch.float64)
    certain[..., 0] = -800.0  # a probability below the smallest float64

    combined = task.combine(certain)

    assert bool(combined.isfinite().all())
    expected = certain[0, ..., 0] - (0.0 if kind == "multi-label" else math.log(3.0))
    torch.testing.assert_close(combined[..., 0], expected)


def test_the_mean_loss_is_never_above_the_mean_of_the_losses():
    generator = torch.Generator().manual_seed(0)
    outputs = torch.randn(5, 100, 10, generator=generator)
    targets = torch.randint(10, (100,), generator=generator)
    task = Classification(10)

    alone = torch.stack([task.loss(one, targets) for one in outputs])

    assert task.loss(task.combine(outputs), targets) < alone.mean()
