"""What one run does from end to end: train, resume, evaluate, predict, export."""

from headway.jobs.ensembles import EnsembleResult, resume_ensemble, train_ensemble
from headway.jobs.evaluating import Comparison, Evaluation, Member, evaluate
from headway.jobs.exporting import export
from headway.jobs.predicting import Prediction, predict
from headway.jobs.training import (
    Job,
    TrainResult,
    choose_recipe,
    new_folder,
    resume,
    resumed_recipe,
    train,
)

__all__ = [
    "Comparison",
    "EnsembleResult",
    "Evaluation",
    "Job",
    "Member",
    "Prediction",
    "TrainResult",
    "choose_recipe",
    "evaluate",
    "export",
    "new_folder",
    "predict",
    "resume",
    "resume_ensemble",
    "resumed_recipe",
    "train",
    "train_ensemble",
]
