from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch

from headway.data import Source, SourceOptions, read_source
from headway.data.sources.tables import MAX_CATEGORIES, MAX_INTEGER_CLASSES
from headway.errors import DataError

STRAY = "x,y\n" + "".join(f"{i},{i}{'a' * (i == 7)}\n" for i in range(30))
FLOWERS = """length,width,color,kind
1.5,2,red,rose
2.5,3,blue,iris
3.5,4,red,iris
"""


def _read(folder: Path, table: str | dict[str, list[Any]], **options: Any) -> Source:
    options.setdefault("target", "kind")
    path = folder / ("table.csv" if isinstance(table, str) else "table.parquet")
    if isinstance(table, str):
        path.write_text(table)
    else:
        pl.DataFrame(table).write_parquet(path)
    return read_source(str(path), SourceOptions(**options))


def test_numbers_stay_and_words_become_columns_of_0_and_1(tmp_path: Path):
    source = _read(tmp_path, FLOWERS)
    assert source.feature_names == ("length", "width", "color=blue", "color=red")
    assert source.train.inputs.tolist() == [[1.5, 2, 0, 1], [2.5, 3, 1, 0], [3.5, 4, 0, 1]]
    assert source.kind == "tabular"


def test_words_are_classes_in_their_order(tmp_path: Path):
    source = _read(tmp_path, FLOWERS)
    assert (source.task, source.classes) == ("classification", ("iris", "rose"))
    assert source.train.targets.tolist() == [1, 0, 0]


def test_parquet_and_csv_give_the_same(tmp_path: Path):
    csv = _read(tmp_path, FLOWERS)
    pl.read_csv(tmp_path / "table.csv").write_parquet(tmp_path / "table.parquet")
    parquet = read_source(str(tmp_path / "table.parquet"), SourceOptions(target="kind"))
    assert torch.equal(parquet.train.inputs, csv.train.inputs)
    assert parquet.classes == csv.classes


@pytest.mark.parametrize("separator", [";", "\t"], ids=["semicolon", "tab"])
def test_other_separators_are_recognised(tmp_path: Path, separator: str):
    assert len(_read(tmp_path, FLOWERS.replace(",", separator)).train) == 3


def test_truth_values_are_classes_and_features(tmp_path: Path):
    source = _read(tmp_path, {"a": [True, False, True], "kind": [False, True, True]})
    assert source.train.inputs.tolist() == [[1], [0], [1]]
    assert source.classes == ("false", "true")
    assert source.train.targets.tolist() == [0, 1, 1]


def test_categories_are_ordered_by_spelling(tmp_path: Path):
    kinds = pl.Series(["rose", "iris", "rose"], dtype=pl.Categorical)
    colors = pl.Series(["red", "blue", "red"], dtype=pl.Enum(["red", "blue"]))
    source = _read(tmp_path, {"color": colors, "kind": kinds})
    assert (source.classes, source.train.targets.tolist()) == (("iris", "rose"), [1, 0, 1])
    assert source.feature_names == ("color=blue", "color=red")


def test_few_whole_numbers_are_classes_with_any_numbering(tmp_path: Path):
    source = _read(tmp_path, {"a": [1.0, 2.0, 3.0], "kind": [8, 3, 8]})
    assert (source.classes, source.train.targets.tolist()) == (("3", "8"), [1, 0, 1])


def test_many_whole_numbers_are_values(tmp_path: Path):
    numbers = list(range(MAX_INTEGER_CLASSES + 1))
    source = _read(tmp_path, {"a": numbers, "kind": numbers})
    assert (source.task, source.target_names) == ("regression", ("kind",))


def test_fractions_are_values(tmp_path: Path):
    source = _read(tmp_path, FLOWERS, target="length")
    assert source.task == "regression"
    assert source.train.targets.tolist() == [[1.5], [2.5], [3.5]]
    assert source.classes == ()


def test_several_columns_of_0_and_1_are_labels(tmp_path: Path):
    source = _read(tmp_path, "a,p,q\n1.5,0,1\n2.5,1,1\n", target="p, q")
    assert (source.task, source.classes) == ("multilabel", ("p", "q"))
    assert source.train.targets.tolist() == [[0, 1], [1, 1]]


def test_several_columns_of_numbers_are_values(tmp_path: Path):
    source = _read(tmp_path, FLOWERS, target="length,width")
    assert (source.task, source.target_names) == ("regression", ("length", "width"))


def test_the_task_can_be_said(tmp_path: Path):
    source = _read(tmp_path, FLOWERS, target="width", task="regression")
    assert source.train.targets.tolist() == [[2], [3], [4]]


def test_rows_with_missing_values_are_left_out_and_reported(tmp_path: Path):
    source = _read(tmp_path, FLOWERS + "NA,5,red,iris\n4.5,,red,rose\n", bad_data="skip")
    assert len(source.train) == 3
    (line,) = source.skipped
    assert (
        "2 of 5 rows have missing or infinite values: length (1 rows), width (1 rows)"
        in line
    )


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (
            FLOWERS,
            {"target": None},
            r"--set data\.target=COLUMN; the columns are length, wid",
        ),
        (FLOWERS, {"target": "kinds"}, r"has no column 'kinds'.*Did you mean 'kind'\?"),
        (FLOWERS, {"target": "width,size"}, "has no column 'size'"),
        ("kind\na\nb\n", {}, "has no columns besides the target"),
        ("", {}, r"table\.csv: the file is empty"),
        ("length,kind\n", {}, "has column names but no rows"),
        ("a,kind\n1,x\n1,y,z\n", {}, r"table\.csv: cannot be read as a table"),
        (
            FLOWERS + ",5,red,iris\n?,5,red,iris\n",
            {},
            r"2 of 5 rows .*: length \(2 rows\);",
        ),
        (FLOWERS + "1.5,5,red,NA\n", {}, r"missing or infinite values: kind \(1 rows\)"),
        (
            FLOWERS + "inf,5,red,iris\n",
            {},
            r"missing or infinite values: length \(1 rows\)",
        ),
        (
            FLOWERS + "1e300,5,red,iris\n",
            {},
            "'length' has values too large for 32-bit floats",
        ),
        ("a,kind\n,x\n,y\n", {"bad_data": "skip"}, "no row is left"),
        (
            FLOWERS,
            {"task": "regression"},
            "'kind' holds words, such as 'rose', .* leave task.kind out",
        ),
        (
            FLOWERS,
            {"target": "length", "task": "classification"},
            "numbers that are not whole",
        ),
        (FLOWERS, {"target": "kind,width"}, "take the column out of data.target"),
        (
            FLOWERS,
            {"target": "kind,width", "task": "classification"},
            "needs one target column",
        ),
        (FLOWERS, {"target": "width", "task": "multilabel"}, "values other than 0 and 1"),
        (
            STRAY,
            {"target": "y"},
            "'y' holds numbers, but words in 1 of 30 rows, such as '7a'",
        ),
        (STRAY, {"target": "y", "task": "regression"}, "'y' holds words, such as '7a'"),
    ],
)
def test_bad_tables_are_refused(
    tmp_path: Path, table: str, options: dict[str, Any], message: str
):
    with pytest.raises(DataError, match=message):
        _read(tmp_path, table, **options)


def test_nothing_can_be_learned_from_one_class_only(tmp_path: Path):
    source = _read(tmp_path, "a,kind\n1,x\n2,x\n")
    assert "all samples are of one class ('x')" in source.untrainable


def test_a_constant_value_is_no_class(tmp_path: Path):
    source = _read(tmp_path, "a,kind\n1,7.5\n2,7.5\n")
    assert (source.task, source.untrainable) == ("regression", "")


def test_a_column_of_names_is_refused(tmp_path: Path):
    names = [f"customer {i:02}" for i in range(MAX_CATEGORIES + 1)]
    with pytest.raises(
        DataError, match="'name' has 65 different words, such as 'customer 00'"
    ):
        _read(tmp_path, {"name": names, "kind": ["a", "b", *["a"] * 63]})


def test_decimals_are_not_cut_to_whole_classes(tmp_path: Path):
    kinds = pl.Series(["1.25", "1.75"]).cast(pl.Decimal(6, 2))
    with pytest.raises(DataError, match="numbers that are not whole"):
        _read(tmp_path, {"a": [1, 2], "kind": kinds}, task="classification")


def test_a_column_of_lists_is_refused(tmp_path: Path):
    with pytest.raises(
        DataError, match=r"column 'a' has type List\(Int64\); expected numbers"
    ):
        _read(tmp_path, {"a": [[1], [2]], "kind": ["a", "b"]})


@pytest.mark.parametrize("kept", [0, 10, 300], ids="{} bytes".format)
def test_a_cut_off_parquet_file_is_refused(tmp_path: Path, kept: int):
    _read(tmp_path, {"a": [1, 2], "kind": ["a", "b"]})
    path = tmp_path / "table.parquet"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match=r"table\.parquet: cannot be read as a table"):
        read_source(str(path), SourceOptions(target="kind"))


@pytest.mark.parametrize("position", [96, 98, 223])
def test_a_parquet_file_on_which_polars_panics_is_refused(tmp_path: Path, position: int):
    _read(tmp_path, {"a": [1, 2], "kind": ["a", "b"]})
    path = tmp_path / "table.parquet"
    content = bytearray(path.read_bytes())
    content[position] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"table\.parquet: cannot be read as a table"):
        read_source(str(path), SourceOptions(target="kind"))


def test_text_in_another_encoding_is_refused(tmp_path: Path):
    (tmp_path / "table.csv").write_bytes("größe,kind\n1,ä\n2,ö\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"table\.csv: cannot be read as a table"):
        read_source(str(tmp_path / "table.csv"), SourceOptions(target="kind"))
