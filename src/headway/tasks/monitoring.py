"""Which metric says that one evaluation is better than another."""

import torch

from headway.errors import RecipeError, did_you_mean
from headway.tasks.settings import AnyTask

_SMALLER_IS_BETTER = frozenset({"loss", "rmse", "mae", "bits_per_character", "perplexity"})


def monitor_by(task: AnyTask, metric: str) -> None:
    """Choose snapshots, and the moment to stop early, by `metric` from now on.

    The lectures disagree on it: one stops where the validation accuracy drops, another keeps
    the network with the lowest validation error. Here it is a setting, and each task has a
    default.

    Args:
        task: What the network is trained for; changed in place.
        metric: One of its metrics.

    Raises:
        RecipeError: If the task has no such metric.

    Reference:
        Li, Adeli and Durante, CS231n, 2024, lecture 6, part 2, "Early Stopping" (accuracy);
        Lund FMAN-45, lecture 9, "Early Stopping" (error).

    Example:
        >>> from headway.tasks import Classification
        >>> task = Classification(3)
        >>> monitor_by(task, "loss")
        >>> task.monitor, task.monitor_mode
        ('loss', 'min')
    """
    known = sorted(task.new_metrics(torch.device("cpu")).compute())
    if metric not in known:
        raise RecipeError(
            f"task.monitor: there is no metric {metric!r}.{did_you_mean(metric, known)} "
            f"Known for this task: {', '.join(known)}"
        )
    task.monitor = metric
    task.monitor_mode = "min" if metric in _SMALLER_IS_BETTER else "max"
