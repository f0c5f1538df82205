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
from headway.runs.files import make_folder, write_atomically
from headway.runs.folders import list_runs, new_run_folder, open_run
from headway.runs.layer_course import LayerCourse, read_layers
from headway.runs.layer_file import LayerFile
from headway.runs.layers import LAYER_NUMBERS, LayerRow, merged
from headway.runs.lines import encode_line
from headway.runs.notes import Notes, read_notes, write_notes
from headway.runs.reader import TELLING_EVENTS, Run, RunState, state_after
from headway.runs.record import RunRecord
from headway.runs.schema import (
    CHECKPOINTS,
    ENSEMBLE,
    ENVIRONMENT,
    EVENTS,
    FINDING,
    LAYERS,
    METRICS,
    NOTES,
    PREDICTIONS,
    RECIPE,
    REPORT,
    SCHEMA_VERSION,
    is_ensemble,
    is_run,
)
from headway.runs.trackers import MlflowWriter, TensorBoardWriter, WandbWriter
from headway.runs.writers import MetricWriter, open_writers

__all__ = [
    "CHECKPOINTS",
    "ENSEMBLE",
    "ENVIRONMENT",
    "EVENTS",
    "FINDING",
    "LAYERS",
    "LAYER_NUMBERS",
    "METRICS",
    "NOTES",
    "PREDICTIONS",
    "RECIPE",
    "REPORT",
    "SCHEMA_VERSION",
    "TELLING_EVENTS",
    "EnsembleKind",
    "EnsembleRecord",
    "LayerCourse",
    "LayerFile",
    "LayerRow",
    "MetricWriter",
    "MlflowWriter",
    "Notes",
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
    "make_folder",
    "member_folder",
    "merged",
    "new_run_folder",
    "open_run",
    "open_runs",
    "open_writers",
    "read_layers",
    "read_notes",
    "state_after",
    "write_atomically",
    "write_notes",
]
