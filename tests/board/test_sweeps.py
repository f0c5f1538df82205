"""Which runs belong together, what differs between them, and what matters."""

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from headway.board.board import Board
from headway.board.importance import importance_of
from headway.runs import EnsembleRecord

from .records import report, write_run


def write_trials(
    folder: Path,
    settings: list[dict[str, Any]],
    *,
    scores: list[float],
    names: list[str] | None = None,
) -> None:
    """Write a run of one evaluation for each of `settings`."""
    for index, (own, score) in enumerate(zip(settings, scores, strict=True)):
        name = names[index] if names else f"trial-{index}"
        best = {"step": 1, "epoch": 1.0, "values": {"val/accuracy": score}}
        write_run(
            folder / name,
            rows=[report(1, **{"val/accuracy": score})],
            events=[("started", {}), ("best", best), ("finished", {})],
            recipe={"optimizer": {"name": "sgd", **own}},
        )


def sweep(root: Path, id_: str, metric: str = "") -> dict[str, Any]:
    return Board(root).sweep(id_, metric)


def test_trials_of_a_folder_are_a_search(tmp_path: Path):
    write_trials(tmp_path / "s/trials", [{"lr": 0.1}, {"lr": 1.0}], scores=[0.9, 0.5])
    assert Board(tmp_path).sweeps()["sweeps"] == [
        {
            "id": "s",
            "name": "s",
            "kind": "search",
            "trials": 2,
            "best": {"run": "s/trials/trial-0", "metric": "val/accuracy", "value": 0.9},
        }
    ]


def test_members_of_an_ensemble_are_a_sweep(tmp_path: Path):
    EnsembleRecord(kind="seeds", size=2, recipe={}).write(tmp_path / "e")
    for number in (1, 2):
        write_run(tmp_path / f"e/member-{number}", recipe={"seed": number})
    found = Board(tmp_path).sweeps()["sweeps"]
    assert [(each["id"], each["kind"]) for each in found] == [("e", "ensemble")]


@pytest.mark.parametrize(("number", "sweeps"), [(2, []), (3, ["."])])
def test_runs_of_the_root_are_a_sweep_from_three_on(
    tmp_path: Path, number: int, sweeps: list[str]
):
    settings = [{"lr": 10.0**-i} for i in range(number)]
    write_trials(tmp_path, settings, scores=[0.5] * number)
    assert [each["id"] for each in Board(tmp_path).sweeps()["sweeps"]] == sweeps


def test_equal_runs_of_the_root_are_no_sweep(tmp_path: Path):
    write_trials(tmp_path, [{"lr": 0.1}] * 4, scores=[0.5] * 4)
    assert Board(tmp_path).sweeps()["sweeps"] == []


@pytest.mark.parametrize(
    ("values", "kind", "distinct"),
    [
        ([0.1, 0.2], "number", [0.1, 0.2]),
        ([0.001, 0.1], "log", [0.001, 0.1]),
        ([0.0, 1e-5, 1e-3], "log", [0.0, 1e-5, 1e-3]),
        ([-1, 100], "number", [-1, 100]),
        (["a", "b"], "choice", ["a", "b"]),
        ([True, False], "choice", [False, True]),
        (["auto", 3], "choice", ["auto", 3]),
        ([[45], [9]], "number", [9, 45]),
        ([[45], [9, 9]], "choice", None),
        ([math.inf, 1.0], "number", [1.0, "inf"]),
    ],
)
def test_a_setting_is_a_number_a_magnitude_or_a_choice(
    tmp_path: Path, values: list[Any], kind: str, distinct: list[Any] | None
):
    settings = [{"x": value} for value in values]
    write_trials(tmp_path / "s/trials", settings, scores=[0.5] * len(values))
    found = sweep(tmp_path, "s")["settings"]
    assert [(each["name"], each["kind"]) for each in found] == [("optimizer.x", kind)]
    if distinct is not None:
        assert found[0]["values"] == distinct


def test_a_setting_that_a_trial_lacks_is_null(tmp_path: Path):
    write_trials(tmp_path / "s/trials", [{"x": 1}, {}], scores=[0.5, 0.5])
    found = sweep(tmp_path, "s")
    given = {each["id"][-1]: each["settings"] for each in found["trials"]}
    assert given == {"0": {"optimizer.x": 1}, "1": {"optimizer.x": None}}


def test_the_smallest_loss_is_the_best(tmp_path: Path):
    for name, loss in (("a", 2.0), ("b", 1.0), ("c", math.nan)):
        write_run(tmp_path / "s/trials" / name, rows=[report(1, **{"val/loss": loss})])
    found = sweep(tmp_path, "s", "val/loss")
    assert (found["best"], found["is_smaller_better"]) == ("s/trials/b", True)


def test_what_is_no_number_is_null(tmp_path: Path):
    write_run(tmp_path / "s/trials/a", rows=[report(1, **{"val/loss": math.nan})])
    assert sweep(tmp_path, "s")["trials"][0]["values"] == {"val/loss": None}


def test_trials_of_tune_for_other_ends_are_not_the_best(tmp_path: Path):
    names = ["overfit-1", "rate-1", "coarse-1", "refined-1"]
    settings = [{"lr": 0.1 * i} for i in range(1, 5)]
    write_trials(tmp_path / "t/trials", settings, scores=[1.0, 1.0, 0.8, 0.9], names=names)
    lines = [json.dumps({"step": 1, "text": "x"}), "bad", "[1]"]
    (tmp_path / "t/decisions.jsonl").write_text("\n".join(lines) + "\n")
    found = sweep(tmp_path, "t")
    assert (found["kind"], found["best"]) == ("tune", "t/trials/refined-1")
    assert found["decisions"] == [{"step": 1, "text": "x"}]


def importance(
    settings: list[dict[str, Any]], values: list[float], **kinds: str
) -> dict[str, float] | None:
    found = importance_of(settings, values, kinds)
    return None if found is None else {each["name"]: each["importance"] for each in found}


def drawn(count: int) -> list[dict[str, float]]:
    draw = random.Random(0)
    return [{"a": draw.random(), "b": draw.random()} for _ in range(count)]


def test_what_decides_alone_has_all_importance():
    settings = drawn(400)
    found = importance(settings, [(s["a"] - 0.5) ** 2 for s in settings], a="number")
    assert found is not None
    assert found["a"] > 0.95


def test_what_says_nothing_has_none():
    settings = drawn(400)
    found = importance(settings, [s["a"] for s in settings], a="number", b="number")
    assert found is not None
    assert found["b"] < 0.03


def test_chance_is_not_importance_on_average():
    draw = random.Random(1)
    shares = []
    for _ in range(200):
        settings = [{"x": draw.choice("pqrs")} for _ in range(12)]
        found = importance(settings, [draw.random() for _ in settings], x="choice")
        shares.append(0.0 if found is None else found["x"])
    # Without the correction it would be (groups - 1) / (trials - 1) = 0.27.
    assert sum(shares) / len(shares) < 0.12


def test_a_choice_that_decides_has_all_importance():
    settings = [{"x": "pq"[i % 2]} for i in range(20)]
    found = importance(settings, [float(i % 2) for i in range(20)], x="choice")
    assert found == {"x": 1.0}


def test_the_most_important_comes_first():
    settings = drawn(100)
    values = [s["b"] for s in settings]
    found = importance_of(settings, values, {"a": "number", "b": "number"})
    assert found is not None
    assert [each["name"] for each in found] == ["b", "a"]


def test_one_trial_that_diverged_does_not_decide():
    settings = drawn(100)
    values = [s["a"] for s in settings]
    values[settings.index(max(settings, key=lambda s: s["b"]))] = 1e9
    found = importance(settings, values, a="number", b="number")
    assert found is not None
    assert found["a"] > 0.8
    assert found["b"] < 0.1


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([1.0] * 20, id="all equal"),
        pytest.param([1.0, 2.0] + [math.nan] * 18, id="few numbers"),
        pytest.param([], id="none"),
    ],
)
def test_nothing_is_said_where_nothing_can_be(values: list[float]):
    assert importance(drawn(len(values)), values, a="number") is None


def test_a_setting_that_some_trials_lack_is_weighed():
    settings = [{"a": None if i % 2 else 1.0} for i in range(20)]
    found = importance(settings, [float(i % 2) for i in range(20)], a="number")
    assert found == {"a": 1.0}
