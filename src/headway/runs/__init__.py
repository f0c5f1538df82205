"""The run record on disk: its schema, its writer and its reader; never loads torch."""

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
    "MetricWriter",
    "MlflowWriter",
    "Run",
    "RunRecord",
    "RunState",
    "TensorBoardWriter",
    "WandbWriter",
    "describe_environment",
    "encode_line",
    "list_runs",
    "new_run_folder",
    "open_run",
    "open_writers",
]
