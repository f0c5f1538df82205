"""What one run does from end to end: train, resume, evaluate, predict, export."""

from headway.jobs.evaluating import Evaluation, evaluate
from headway.jobs.exporting import export
from headway.jobs.predicting import Prediction, predict
from headway.jobs.training import TrainResult, resume, train

__all__ = [
    "Evaluation",
    "Prediction",
    "TrainResult",
    "evaluate",
    "export",
    "predict",
    "resume",
    "train",
]
