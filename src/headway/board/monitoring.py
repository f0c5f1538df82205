"""Which metric a run is judged by, and in which direction it gets better."""

from collections.abc import Iterable, Mapping
from typing import Any

# As `headway.tasks` has it, which the board cannot import: it never loads torch.
_SMALLER_IS_BETTER = frozenset(
    {"loss", "rmse", "mae", "bits_per_character", "perplexity", "error"}
)
_OF_TASK = {"classification": "accuracy", "multilabel": "f1", "regression": "r2"}
_USUAL = ("accuracy", "f1", "r2", "bits_per_character", "loss")


def is_smaller_better(metric: str) -> bool:
    """Return whether a smaller value of a metric is the better one.

    Example:
        >>> is_smaller_better("val/loss"), is_smaller_better("val/accuracy")
        (True, False)
    """
    return metric.rpartition("/")[2] in _SMALLER_IS_BETTER


def monitored(settings: Mapping[str, Any], task: str, known: Iterable[str]) -> str:
    """Return the metric that picks the best snapshot of a run.

    Args:
        settings: The recipe, flat.
        task: What the targets of the data are good for.
        known: Metrics that the run has so far.
    """
    chosen = settings.get("task.monitor", "auto")
    if isinstance(chosen, str) and chosen != "auto":
        return f"val/{chosen}"
    names = set(known)
    usual = f"val/{_OF_TASK.get(task, 'loss')}"
    if usual in names or not names:
        return usual
    candidates = [f"val/{name}" for name in _USUAL] + ["train/loss", "loss"]
    return next((name for name in candidates if name in names), usual)
