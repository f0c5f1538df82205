"""Where metrics go besides the run record."""

import contextlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from headway.errors import InputError, did_you_mean
from headway.runs.trackers import MlflowWriter, TensorBoardWriter, WandbWriter


@runtime_checkable
class MetricWriter(Protocol):
    """Takes the numbers that the run record takes."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Write `values` of optimizer step `step`."""
        ...

    def close(self) -> None:
        """Write what is left and let go of files and connections."""
        ...


_Factory = Callable[[Path, str, Mapping[str, Any]], MetricWriter]
_FACTORIES: dict[str, _Factory] = {
    "tensorboard": lambda folder, name, recipe: TensorBoardWriter(folder),
    "wandb": lambda folder, name, recipe: WandbWriter(folder, name=name, recipe=recipe),
    "mlflow": lambda folder, name, recipe: MlflowWriter(folder, name=name, recipe=recipe),
}
_START_HINTS = {
    "wandb": "Log in with `wandb login`, or keep it local with WANDB_MODE=offline.",
    "mlflow": "Set MLFLOW_TRACKING_URI to your server, such as http://localhost:5000.",
}


def open_writers(
    names: Sequence[str], *, folder: Path, name: str, recipe: Mapping[str, Any]
) -> list[MetricWriter]:
    """Open the writers of `names`.

    A writer that fails later is dropped with a warning, because the run record is complete
    without it and a run should not end with a tracking server.

    Args:
        names: Any of "tensorboard", "wandb" and "mlflow".
        folder: Folder of the run.
        name: Name of the run, where the service shows one.
        recipe: Every setting, where the service shows them.

    Raises:
        InputError: If a name is unknown, its library is not installed or it cannot start.
    """
    for writer in names:
        _check_name(writer)
    with contextlib.ExitStack() as opened:
        writers: list[MetricWriter] = []
        for writer in names:
            writers.append(_Guarded(writer, _open(writer, folder, name, recipe)))
            opened.callback(writers[-1].close)
        opened.pop_all()
        return writers


class _Guarded:
    """A writer whose failure ends the writer, not the run."""

    def __init__(self, name: str, writer: MetricWriter) -> None:
        self._name = name
        self._writer: MetricWriter | None = writer

    def log(self, step: int, values: Mapping[str, float]) -> None:
        if self._writer is not None:
            self._try(self._writer.log, step, values)

    def close(self) -> None:
        if self._writer is not None:
            self._try(self._writer.close)
            self._writer = None

    def _try(self, action: Callable[..., None], *arguments: object) -> None:
        try:
            action(*arguments)
        except Exception as error:
            self._writer = None
            warnings.warn(
                f"the writer {self._name!r} failed and is switched off, the run goes on: "
                f"{type(error).__name__}: {error}",
                stacklevel=3,
            )


def _check_name(writer: str) -> None:
    if writer not in _FACTORIES:
        raise InputError(
            f"unknown metric writer {writer!r}.{did_you_mean(writer, _FACTORIES)} "
            f"Choose from {', '.join(_FACTORIES)}."
        )


def _open(writer: str, folder: Path, name: str, recipe: Mapping[str, Any]) -> MetricWriter:
    try:
        return _FACTORIES[writer](folder, name, recipe)
    except ImportError as error:
        raise InputError(
            f"the metric writer {writer!r} needs a library that is not installed "
            f"({error}). Install it with `pip install 'headway[{writer}]'` or "
            f"`uv sync --extra {writer}`."
        ) from error
    except Exception as error:
        raise InputError(
            f"the metric writer {writer!r} could not start: {str(error).strip()} "
            f"{_START_HINTS.get(writer, '')}".rstrip()
        ) from error
