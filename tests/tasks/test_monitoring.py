"""The metric that decides is a choice."""

import pytest
import torch

from headway.errors import RecipeError
from headway.tasks import Classification, MultiLabel, Regression, monitor_by

REGRESSION = Regression(torch.zeros(1).double(), torch.ones(1).double())


@pytest.mark.parametrize(
    ("task", "metric", "mode"),
    [
        (Classification(3), "loss", "min"),
        (Classification(9), "top5", "max"),
        (MultiLabel(3), "exact_match", "max"),
        (REGRESSION, "mae", "min"),
    ],
    ids=["loss", "top5", "exact match", "mae"],
)
def test_a_metric_brings_its_direction(task, metric, mode):
    monitor_by(task, metric)

    assert (task.monitor, task.monitor_mode) == (metric, mode)


def test_other_tasks_keep_their_own():
    monitor_by(Classification(3), "loss")

    assert Classification(3).monitor == "accuracy"


def test_an_unknown_metric_is_refused():
    with pytest.raises(
        RecipeError, match=r"no metric 'acuracy'\. Did you mean 'accuracy'\?"
    ):
        monitor_by(Classification(3), "acuracy")
