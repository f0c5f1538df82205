"""Metric writers of other programs: TensorBoard, Weights & Biases, MLflow.

Each class imports its library when the first object is made.
"""

import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from headway.runs.files import make_folder, write_atomically
from headway.runs.schema import WRITERS

_PROJECT = "headway"
# The limit of the MLflow server for one request.
_MLFLOW_BATCH = 100


class TensorBoardWriter:
    """Writes scalars to an event file in the folder `tensorboard` of the run.

    Records are written by tensorboard's own record writer, not by its event file writer,
    which loads TensorFlow wherever that is installed.

    Args:
        folder: Folder of the run.
    """

    def __init__(self, folder: Path) -> None:
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.summary.writer.record_writer import RecordWriter

        # Protobuf makes its classes at run time, out of sight of a type checker.
        self._event: Any = getattr(event_pb2, "Event")  # noqa: B009
        self._summary: Any = getattr(summary_pb2, "Summary")  # noqa: B009
        make_folder(folder / "tensorboard")
        now, host = time.time_ns(), socket.gethostname()
        # The seconds come first because TensorBoard reads the files of a folder by name;
        # the nanoseconds keep a run resumed within the second from its own old file.
        name = f"events.out.tfevents.{now // 10**9}.{host}.{os.getpid()}.{now % 10**9}"
        self._file = RecordWriter((folder / "tensorboard" / name).open("xb"))
        self._write(file_version="brain.Event:2")

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Write `values` as scalars of `step`."""
        scalars = [
            self._summary.Value(tag=key, simple_value=value)
            for key, value in values.items()
        ]
        self._write(step=step, summary=self._summary(value=scalars))

    def _write(self, **fields: Any) -> None:
        self._file.write(self._event(wall_time=time.time(), **fields).SerializeToString())
        self._file.flush()

    def close(self) -> None:
        """Close the event file."""
        self._file.close()


class WandbWriter:
    """Logs to Weights & Biases, and continues the same W&B run after a resume.

    The project is "headway" unless WANDB_PROJECT names another; files of W&B lie in the
    run's folder unless WANDB_DIR says otherwise. WANDB_MODE=offline keeps everything local.

    Args:
        folder: Folder of the run.
        name: Name to show.
        recipe: Every setting.
    """

    def __init__(self, folder: Path, *, name: str, recipe: Mapping[str, Any]) -> None:
        import wandb

        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", _PROJECT),
            dir=os.environ.get("WANDB_DIR", str(folder)),
            name=name,
            config=dict(recipe),
            id=_known_id(folder, "wandb"),
            resume="allow",
            reinit="create_new",
        )
        # W&B's own step only grows, so it would refuse the steps replayed after a resume.
        self._run.define_metric("step")
        self._run.define_metric("*", step_metric="step")
        _remember_id(folder, "wandb", self._run.id)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Log `values` over the metric "step"."""
        self._run.log({"step": step, **values})

    def close(self) -> None:
        """Send what is left and end the W&B session."""
        self._run.finish()


class MlflowWriter:
    """Logs to MLflow, and continues the same MLflow run after a resume.

    The store is that of MLFLOW_TRACKING_URI; the experiment is "headway" unless
    MLFLOW_EXPERIMENT_NAME names another. Settings become parameters such as "optimizer.lr".

    Args:
        folder: Folder of the run.
        name: Name to show.
        recipe: Every setting.
    """

    def __init__(self, folder: Path, *, name: str, recipe: Mapping[str, Any]) -> None:
        from mlflow.entities import Metric, Param
        from mlflow.tracking import MlflowClient

        self._metric = Metric
        self._client = MlflowClient()
        known = _known_id(folder, "mlflow")
        if known is not None:
            self._run_id = known
            self._client.update_run(known, status="RUNNING")
            return
        self._run_id = self._client.create_run(
            self._experiment_id(), run_name=name
        ).info.run_id
        params = [Param(key, value) for key, value in _flat(recipe)]
        for start in range(0, len(params), _MLFLOW_BATCH):
            self._client.log_batch(
                self._run_id, params=params[start : start + _MLFLOW_BATCH]
            )
        _remember_id(folder, "mlflow", self._run_id)

    def _experiment_id(self) -> str:
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", _PROJECT)
        experiment = self._client.get_experiment_by_name(name)
        if experiment is not None:
            return experiment.experiment_id
        return self._client.create_experiment(name)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Log `values` as metrics of `step`."""
        now = time.time_ns() // 10**6
        metrics = [self._metric(key, value, now, step) for key, value in values.items()]
        self._client.log_batch(self._run_id, metrics=metrics)

    def close(self) -> None:
        """Mark the MLflow run as ended."""
        self._client.set_terminated(self._run_id)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(cast("Mapping[str, Any]", value), f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)


def _known_ids(folder: Path) -> dict[str, str]:
    path = folder / WRITERS
    return json.loads(path.read_text()) if path.exists() else {}


def _known_id(folder: Path, service: str) -> str | None:
    return _known_ids(folder).get(service)


def _remember_id(folder: Path, service: str, run_id: str) -> None:
    write_atomically(folder / WRITERS, json.dumps({**_known_ids(folder), service: run_id}))
