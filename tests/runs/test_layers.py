import json
import math
from pathlib import Path

import numpy as np
import pytest

from headway.errors import RunError
from headway.runs import LAYER_NUMBERS, LayerFile, LayerRow, merged, read_layers


def row(name: str, **numbers: float) -> LayerRow:
    return LayerRow(name=name, kind="linear", numbers=numbers)


def steps_in(folder: Path) -> tuple[int, ...]:
    course = read_layers(folder)
    assert course is not None
    return course.steps


def write(folder: Path, steps: range, **limits: int) -> None:
    file = LayerFile(folder, **limits)
    for step in steps:
        file.append(step, [row("a", activation_std=step)])
    file.close()


def test_what_is_written_is_read_with_nan_where_there_is_no_number(tmp_path):
    file = LayerFile(tmp_path)
    file.append(1, [row("a", activation_std=0.5, grad_norm=2.0), row("b")])
    file.append(2, [row("a", activation_std=0.25), row("b", dead_fraction=1.0)])
    file.close()
    course = read_layers(tmp_path)
    assert course is not None
    assert dict(course.kinds) == {"a": "linear", "b": "linear"}
    assert course.steps == (1, 2)
    assert course.damaged_lines == ()
    assert set(course.numbers) == set(LAYER_NUMBERS)
    np.testing.assert_equal(
        course.numbers["activation_std"], np.array([[0.5, 0.25], [np.nan, np.nan]])
    )
    np.testing.assert_equal(course.numbers["grad_norm"][0], np.array([2.0, np.nan]))
    assert course.numbers["dead_fraction"][1, 1] == 1.0


def test_there_is_no_file_before_the_first_sample(tmp_path):
    LayerFile(tmp_path).close()
    assert read_layers(tmp_path) is None


def test_numbers_have_four_digits_and_those_that_json_lacks_are_words(tmp_path):
    file = LayerFile(tmp_path)
    numbers = {"activation_std": 1 / 3, "grad_norm": math.inf, "update_ratio": math.nan}
    file.append(1, [row("a", **numbers)])
    file.close()
    line = json.loads((tmp_path / "layers.jsonl").read_text().splitlines()[1])
    assert line["activation_std"] == [0.3333]
    assert line["grad_norm"] == ["inf"]
    assert line["update_ratio"] == ["nan"]
    assert line["dead_fraction"] == [None]
    course = read_layers(tmp_path)
    assert course is not None
    assert course.numbers["grad_norm"].tolist() == [[math.inf]]


def test_layers_that_run_in_some_steps_only_keep_their_place(tmp_path):
    file = LayerFile(tmp_path)
    file.append(1, [row("a", grad_norm=1), row("c", grad_norm=3)])
    file.append(2, [row("a", grad_norm=1), row("b", grad_norm=2), row("c", grad_norm=3)])
    file.append(3, [row("c", grad_norm=3)])
    file.close()
    course = read_layers(tmp_path)
    assert course is not None
    assert list(course.kinds) == ["a", "b", "c"]
    nan = math.nan
    expected = [[1, 1, nan], [nan, 2, nan], [3, 3, 3]]
    np.testing.assert_equal(course.numbers["grad_norm"], np.array(expected))


@pytest.mark.parametrize(
    ("known", "new", "expected"),
    [
        pytest.param("ad", "abcd", "abcd", id="between"),
        pytest.param("bc", "abcd", "abcd", id="around"),
        pytest.param("", "ab", "ab", id="none known"),
        pytest.param("abc", "c", "abc", id="none new"),
        pytest.param("ab", "ca", "cab", id="first"),
    ],
)
def test_new_names_stand_behind_those_that_they_follow(known, new, expected):
    assert "".join(merged(known, new)) == expected


def test_a_long_run_keeps_few_samples_at_even_distances(tmp_path):
    write(tmp_path, range(0, 10_000, 7), most_samples=40)
    steps = np.array(steps_in(tmp_path))
    assert 18 <= len(steps) < 40
    assert steps[0] == 0
    assert steps[-1] > 9_500
    distances = np.diff(steps)
    assert distances.max() <= 2 * distances.min()


def test_samples_of_a_deep_network_are_fewer(tmp_path):
    write(tmp_path, range(1000), most_bytes=10_000)
    assert (tmp_path / "layers.jsonl").stat().st_size <= 10_000
    assert len(steps_in(tmp_path)) >= 20


def test_a_thinned_file_is_gone_on_with(tmp_path):
    write(tmp_path, range(100), most_samples=20)
    before = steps_in(tmp_path)
    write(tmp_path, range(100, 104), most_samples=20)
    after = steps_in(tmp_path)
    assert after[: len(before)] == before
    assert after[len(before) :] == (100, 101, 102, 103)


def test_rewinding_drops_the_steps_that_are_done_again(tmp_path):
    write(tmp_path, range(10))
    file = LayerFile(tmp_path)
    file.rewind(6)
    assert steps_in(tmp_path) == tuple(range(7))
    file.append(7, [row("a"), row("b")])
    file.close()
    course = read_layers(tmp_path)
    assert course is not None
    assert course.steps == tuple(range(8))
    assert list(course.kinds) == ["a", "b"]


def test_rewinding_to_the_beginning_leaves_no_sample(tmp_path):
    write(tmp_path, range(1, 4))
    file = LayerFile(tmp_path)
    file.rewind(0)
    assert steps_in(tmp_path) == ()
    file.append(1, [row("a")])
    file.close()
    assert steps_in(tmp_path) == (1,)


def test_a_torn_line_is_cut_off_and_written_again(tmp_path):
    write(tmp_path, range(3))
    path = tmp_path / "layers.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    assert steps_in(tmp_path) == (0, 1)
    write(tmp_path, range(2, 4))
    assert steps_in(tmp_path) == (0, 1, 2, 3)


@pytest.mark.parametrize(
    "damage",
    [
        b"\0\0\0\n",
        b"[]\n",
        b'{"step": 1}\n',
        b'{"layers": [{"kind": "linear"}]}\n',
        b'{"step": 1, "time": 0, "activation_std": 1, "dead_fraction": 1, '
        b'"saturated_fraction": 1, "grad_norm": 1, "update_ratio": 1}\n',
        json.dumps(
            {"step": 1, "time": 0, **{key: [1, 2] for key in LAYER_NUMBERS}}
        ).encode()
        + b"\n",
        json.dumps({"step": 1, "time": 0, **{key: ["x"] for key in LAYER_NUMBERS}}).encode()
        + b"\n",
    ],
    ids=["no JSON", "a list", "no numbers", "no name", "no lists", "too long", "a word"],
)
def test_a_damaged_line_is_named_and_passed_over(tmp_path, damage):
    write(tmp_path, range(2))
    path = tmp_path / "layers.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], damage, *lines[2:]]))
    course = read_layers(tmp_path)
    assert course is not None
    assert course.damaged_lines == (3,)
    assert course.steps == (0, 1)


def test_a_damaged_first_line_leaves_nothing_to_show(tmp_path):
    write(tmp_path, range(2))
    path = tmp_path / "layers.jsonl"
    path.write_bytes(b"x" + path.read_bytes())
    course = read_layers(tmp_path)
    assert course is not None
    assert (course.steps, course.damaged_lines) == ((), (1, 2, 3))


def test_a_disk_that_refuses_is_an_error_that_names_the_file(tmp_path):
    file = LayerFile(tmp_path / "absent")
    with pytest.raises(RunError, match=r"layers\.jsonl"):
        file.append(1, [row("a")])
