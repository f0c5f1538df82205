"""What a run record keeps of a task, so that predictions need no training data."""

from collections.abc import Mapping
from typing import Any

import torch

from headway.data import DataInfo
from headway.tasks.classification import Classification
from headway.tasks.multilabel import MultiLabel
from headway.tasks.regression import Regression
from headway.tasks.steps import LanguageModel, StepClassification

AnyTask = Classification | MultiLabel | Regression | StepClassification


def task_settings(task: AnyTask) -> dict[str, Any]:
    """Return what `restore_task` needs besides the facts about the data, ready for JSON."""
    if isinstance(task, Regression):
        return {"mean": task.mean.tolist(), "std": task.std.tolist()}
    return {}


def restore_task(info: DataInfo, settings: Mapping[str, Any]) -> AnyTask:
    """Return the task of a trained network.

    Args:
        info: The data it was trained on.
        settings: What `task_settings` returned.
    """
    if info.task == "classification":
        return Classification(len(info.classes))
    if info.task == "multilabel":
        return MultiLabel(len(info.classes))
    if info.task == "language-model":
        return LanguageModel(len(info.classes))
    if info.task == "step-classification":
        return StepClassification(len(info.classes))
    mean, std = (
        torch.tensor(settings[key], dtype=torch.float64) for key in ("mean", "std")
    )
    return Regression(mean, std)
