"""The run record on disk: its schema, its writer and its reader; never loads torch."""

from headway.runs.ensembles import (
    EnsembleKind,
    EnsembleRecord,
    find_ensemble,
    is_known,
    member_folder,
    open_runs,
)
from headway.runs.environment import describe_environment
from headway.runs.folders import list_runs, new_run_folder, open_run
from headway.runs.lines import encode_line
from headway.runs.reader import Run, RunState
from headway.runs.record import RunRecord
from headway.runs.schema import (
    CHECKPOINTS,
    ENVIRONMENT,
    EVENTS,
    METRICS,
    RECIPE,
    SCHEMA_VERSION,
    is_ensemble,
    is_run,
)
from headway.runs.trackers import MlflowWriter, TensorBoardWriter, WandbWriter
from headway.runs.writers import MetricWriter, open_writers

__all__ = [
    "CHECKPOINTS",
    "ENVIRONMENT",
    "EVENTS",
    "METRICS",
    "RECIPE",
    "SCHEMA_VERSION",
    "EnsembleKind",
    "EnsembleRecord",
    "MetricWriter",
    "MlflowWriter",
    "Run",
    "RunRecord",
    "RunState",
    "TensorBoardWriter",
    "WandbWriter",
    "describe_environment",
    "encode_line",
    "find_ensemble",
    "is_ensemble",
    "is_known",
    "is_run",
    "list_runs",
    "member_folder",
    "new_run_folder",
    "open_run",
    "open_runs",
    "open_writers",
]
