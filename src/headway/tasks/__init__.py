"""What a network is trained for: loss, metrics and prediction."""

from headway.tasks.build import build_task
from headway.tasks.classification import Classification, ClassificationMetrics
from headway.tasks.multilabel import MultiLabel, MultiLabelMetrics
from headway.tasks.regression import Regression, RegressionMetrics
from headway.tasks.settings import AnyTask, restore_task, task_settings

__all__ = [
    "AnyTask",
    "Classification",
    "ClassificationMetrics",
    "MultiLabel",
    "MultiLabelMetrics",
    "Regression",
    "RegressionMetrics",
    "build_task",
    "restore_task",
    "task_settings",
]
