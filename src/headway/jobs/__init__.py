"""What is done from end to end: train, resume, evaluate, predict, export, check, fix."""

from headway.jobs.checking import check, find_target, fix
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
    "check",
    "choose_recipe",
    "evaluate",
    "export",
    "find_target",
    "fix",
    "new_folder",
    "predict",
    "resume",
    "resume_ensemble",
    "resumed_recipe",
    "train",
    "train_ensemble",
]
