"""What a network is trained for: loss, metrics and prediction."""

from headway.tasks.build import build_task
from headway.tasks.classification import Classification, ClassificationMetrics
from headway.tasks.hinge import HingeClassification
from headway.tasks.monitoring import monitor_by
from headway.tasks.multilabel import MultiLabel, MultiLabelMetrics
from headway.tasks.regression import Regression, RegressionMetrics
from headway.tasks.settings import AnyTask, restore_task, task_settings
from headway.tasks.steps import LanguageModel, StepClassification, StepMetrics

__all__ = [
    "AnyTask",
    "Classification",
    "ClassificationMetrics",
    "HingeClassification",
    "LanguageModel",
    "MultiLabel",
    "MultiLabelMetrics",
    "Regression",
    "RegressionMetrics",
    "StepClassification",
    "StepMetrics",
    "build_task",
    "monitor_by",
    "restore_task",
    "task_settings",
]
