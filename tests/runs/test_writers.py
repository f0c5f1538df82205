import json
import math
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer

from headway.errors import InputError
from headway.runs import MetricWriter, open_writers

RECIPE = {"seed": 3, "optimizer": {"name": "sgd", "lr": 0.1, "betas": [0.9, 0.99]}}


def open_one(name: str, folder: Path) -> MetricWriter:
    return open_writers([name], folder=folder, name="digits", recipe=RECIPE)[0]


def scalars(folder: Path, tag: str) -> list[tuple[int, float]]:
    events = EventAccumulator(str(folder / "tensorboard")).Reload().Tensors(tag)
    return [(event.step, event.tensor_proto.float_val[0]) for event in events]


def test_tensorboard_reads_back_what_was_logged(tmp_path: Path):
    writer = open_one("tensorboard", tmp_path)
    writer.log(10, {"train/loss": 0.5, "lr": 0.125})
    writer.log(20, {"train/loss": 0.25})
    writer.close()
    assert scalars(tmp_path, "train/loss") == [(10, 0.5), (20, 0.25)]


def test_tensorboard_sees_numbers_before_the_writer_is_closed(tmp_path: Path):
    writer = open_one("tensorboard", tmp_path)
    writer.log(1, {"lr": 0.5})
    found = scalars(tmp_path, "lr")
    writer.close()
    assert found == [(1, 0.5)]


def test_tensorboard_takes_numbers_that_are_not_finite(tmp_path: Path):
    writer = open_one("tensorboard", tmp_path)
    writer.log(1, {"train/loss": math.nan, "train/grad_norm": math.inf})
    writer.close()
    assert math.isnan(scalars(tmp_path, "train/loss")[0][1])
    assert scalars(tmp_path, "train/grad_norm") == [(1, math.inf)]


def test_tensorboard_joins_the_files_of_a_run_resumed_within_the_second(tmp_path: Path):
    for step in (1, 2):
        writer = open_one("tensorboard", tmp_path)
        writer.log(step, {"lr": 0.5})
        writer.close()
    assert scalars(tmp_path, "lr") == [(1, 0.5), (2, 0.5)]


def test_tensorboard_finds_the_runs_below_a_root(tmp_path: Path):
    for name in ("first", "second"):
        writer = open_one("tensorboard", tmp_path / name)
        writer.log(1, {"lr": 0.5})
        writer.close()
    runs = EventMultiplexer().AddRunsFromDirectory(str(tmp_path)).Reload().Runs()
    assert sorted(runs) == ["first/tensorboard", "second/tensorboard"]


@pytest.fixture
def offline_wandb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder where W&B keeps its files; it touches no network."""
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path / "w"))
    (tmp_path / "w").mkdir()
    return tmp_path / "w"


def wandb_records(folder: Path) -> list[Any]:
    import wandb
    from wandb.proto import wandb_internal_pb2

    # A finished run is on disk only once W&B's own process has ended, which this waits for.
    wandb.teardown()
    paths = sorted(folder.glob("wandb/offline-run-*/*.wandb"))
    return [
        wandb_internal_pb2.Record.FromString(data)
        for path in paths
        for data in leveldb_records(path.read_bytes())
    ]


def leveldb_records(content: bytes) -> Iterator[bytes]:
    """Yield the records of a LevelDB log, the format of a .wandb file.

    Blocks of 32 KiB hold chunks of crc (4 bytes), length (2), kind (1) and data; kind 1 is
    a whole record and 4 the end of one. The first 7 bytes of the file are W&B's own.
    """
    position, record = 7, b""
    while position < len(content):
        left = 32768 - position % 32768
        if left < 7:
            position += left
            continue
        length, kind = struct.unpack_from("<HB", content, position + 4)
        record += content[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (1, 4):
            yield record
            record = b""


def wandb_rows(records: list[Any]) -> list[dict[str, float]]:
    return [
        {
            key: json.loads(item.value_json)
            for item in record.history.item
            if not (key := item.key or item.nested_key[0]).startswith("_")
        }
        for record in records
        if record.HasField("history")
    ]


def test_wandb_keeps_what_was_logged(offline_wandb: Path, tmp_path: Path):
    writer = open_one("wandb", tmp_path)
    writer.log(10, {"train/loss": 0.5})
    writer.log(5, {"train/loss": 0.25})
    writer.close()
    assert wandb_rows(wandb_records(offline_wandb)) == [
        {"step": 10, "train/loss": 0.5},
        {"step": 5, "train/loss": 0.25},
    ]


def test_wandb_continues_its_run_and_knows_the_recipe(offline_wandb: Path, tmp_path: Path):
    for _ in range(2):
        open_one("wandb", tmp_path).close()
    records = wandb_records(offline_wandb)
    runs = [record.run for record in records if record.HasField("run")]
    assert len({run.run_id for run in runs}) == 1
    assert {run.display_name for run in runs} == {"digits"}
    config = {item.key: json.loads(item.value_json) for item in runs[0].config.update}
    assert config["optimizer"]["lr"] == 0.1


@pytest.fixture
def local_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a client of an MLflow store in a folder; it touches no network."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow.tracking import MlflowClient

    return MlflowClient()


def mlflow_runs(client: Any) -> list[Any]:
    return client.search_runs([client.get_experiment_by_name("headway").experiment_id])


def test_mlflow_keeps_what_was_logged(local_mlflow: Any, tmp_path: Path):
    writer = open_one("mlflow", tmp_path)
    writer.log(10, {"train/loss": 0.5, "lr": math.nan})
    writer.log(20, {"train/loss": 0.25})
    writer.close()
    run_id = mlflow_runs(local_mlflow)[0].info.run_id
    history = local_mlflow.get_metric_history(run_id, "train/loss")
    assert [(metric.step, metric.value) for metric in history] == [(10, 0.5), (20, 0.25)]


def test_mlflow_knows_the_recipe_and_the_name(local_mlflow: Any, tmp_path: Path):
    open_one("mlflow", tmp_path).close()
    run = mlflow_runs(local_mlflow)[0]
    assert run.info.run_name == "digits"
    assert run.data.params == {
        "seed": "3",
        "optimizer.name": "sgd",
        "optimizer.lr": "0.1",
        "optimizer.betas": "[0.9, 0.99]",
    }


def test_mlflow_takes_a_recipe_longer_than_one_request(local_mlflow: Any, tmp_path: Path):
    recipe = {f"setting_{number}": number for number in range(250)}
    open_writers(["mlflow"], folder=tmp_path, name="long", recipe=recipe)[0].close()
    assert len(mlflow_runs(local_mlflow)[0].data.params) == 250


def test_mlflow_continues_its_run(local_mlflow: Any, tmp_path: Path):
    for step in (1, 2):
        writer = open_one("mlflow", tmp_path)
        writer.log(step, {"lr": 0.5})
        writer.close()
    runs = mlflow_runs(local_mlflow)
    assert [run.info.status for run in runs] == ["FINISHED"]
    assert len(local_mlflow.get_metric_history(runs[0].info.run_id, "lr")) == 2


def test_an_mlflow_store_that_cannot_be_opened_says_what_to_set(
    local_mlflow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://here")
    with pytest.raises(
        InputError, match=r"'mlflow' could not start.* Set MLFLOW_TRACKING_URI"
    ):
        open_one("mlflow", tmp_path)


def test_no_names_open_no_writers(tmp_path: Path):
    assert open_writers([], folder=tmp_path, name="digits", recipe=RECIPE) == []


def test_an_unknown_writer_gets_the_closest_one(tmp_path: Path):
    with pytest.raises(
        InputError, match=r"unknown metric writer 'tensorbord'\. Did you mean"
    ):
        open_one("tensorbord", tmp_path)


def test_an_unknown_writer_is_found_before_any_is_opened(tmp_path: Path):
    with pytest.raises(InputError, match="Choose from tensorboard, wandb, mlflow"):
        open_writers(["tensorboard", "x"], folder=tmp_path, name="digits", recipe=RECIPE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("tensorboard", "tensorboard.summary.writer.record_writer"),
        ("wandb", "wandb"),
        ("mlflow", "mlflow.tracking"),
    ],
    ids=["tensorboard", "wandb", "mlflow"],
)
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str
):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=rf"pip install 'headway\[{name}\]'` or `uv sync"):
        open_one(name, tmp_path)


class LostService(ModuleType):
    """Stands in for wandb with a server that goes away after `login`."""

    def __init__(self, *, lost_in: str) -> None:
        super().__init__("wandb")
        self.calls: list[str] = []
        self._lost_in = lost_in

    def init(self, **settings: object) -> SimpleNamespace:
        return SimpleNamespace(
            id="abc",
            define_metric=lambda *_, **__: None,
            log=lambda values: self._call("log"),
            finish=lambda: self._call("finish"),
        )

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name == self._lost_in:
            raise ConnectionError("the server is gone")


@pytest.fixture
def lost_service(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> LostService:
    """Return a stand-in for wandb that fails in the call named by the test."""
    service = LostService(lost_in=request.param)
    monkeypatch.setitem(sys.modules, "wandb", service)
    return service


@pytest.mark.parametrize("lost_service", ["log"], indirect=True)
def test_a_writer_that_fails_warns_once_and_is_switched_off(
    tmp_path: Path, lost_service: LostService
):
    writer = open_one("wandb", tmp_path)
    with pytest.warns(
        UserWarning, match="'wandb' failed and is switched off, the run goes on"
    ):
        writer.log(1, {})
    writer.log(2, {})
    writer.close()
    assert lost_service.calls == ["log"]


@pytest.mark.parametrize("lost_service", ["finish"], indirect=True)
def test_a_writer_that_fails_to_close_warns(tmp_path: Path, lost_service: LostService):
    writer = open_one("wandb", tmp_path)
    with pytest.warns(UserWarning, match="ConnectionError: the server is gone"):
        writer.close()


@pytest.mark.parametrize("lost_service", ["none"], indirect=True)
def test_writers_opened_before_one_that_cannot_start_are_closed(
    tmp_path: Path, lost_service: LostService, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "mlflow.tracking", None)
    with pytest.raises(InputError, match="'mlflow' needs a library"):
        open_writers(["wandb", "mlflow"], folder=tmp_path, name="digits", recipe=RECIPE)
    assert lost_service.calls == ["finish"]
