"""Tables in CSV and Parquet files."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from jaxtyping import Float32, Shaped
from numpy.typing import NDArray
from torch import Tensor

from headway.data.info import TaskKind
from headway.data.sources.columns import (
    feature_name,
    missing_column,
    possible_columns,
    unseen_category,
)
from headway.data.sources.source import Source, SourceOptions
from headway.data.sources.targets import why_too_few_classes
from headway.data.splits import ArraySplit
from headway.errors import DataError, did_you_mean

Array = NDArray[Any]

# More one-hot columns than this are most likely a name, a date or an identifier.
MAX_CATEGORIES = 64
# Whole numbers with more distinct values than this are taken for quantities.
MAX_INTEGER_CLASSES = 20

_MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "?"]


def read_table(path: Path, options: SourceOptions, name: str) -> Source:
    """Read a table: the target columns are predicted from all other columns.

    Numbers stay numbers, false and true become 0 and 1, words become one column of 0 and 1
    for each of their values. A target of words, truth values or at most 20 different whole
    numbers is a class; several target columns of 0 and 1 are labels; other numbers are
    values.

    Args:
        path: A .csv or .tsv file with a line of column names, or a .parquet file.
        options: Target columns, task and what to do about rows with missing values.
        name: What the source is called.

    Raises:
        DataError: If a column is missing or of the wrong type, or values are missing.
    """
    frame = _load(path)
    targets = _target_columns(frame, options.target, name)
    frame, skipped = _without_missing(frame, options, name)
    features, feature_names = _encode_features(frame.drop(targets), name)
    task = options.task
    if task == "auto":
        task = _guess_task(frame.select(targets), name)
    classes, values = _encode_targets(frame.select(targets), task, name)
    return Source(
        name=name,
        kind="tabular",
        task=task,
        classes=classes,
        target_names=targets if task == "regression" else (),
        feature_names=feature_names,
        train=ArraySplit(features, values),
        skipped=skipped,
        untrainable=why_too_few_classes(classes, name) if task == "classification" else "",
    )


def read_features(path: Path, wanted: Sequence[str]) -> Float32[Tensor, "rows features"]:
    """Read features of a table, encoded as `read_table` encodes them.

    Args:
        path: As for `read_table`.
        wanted: Names of the features, in the order of their columns in the result. Other
            columns may be there and are left out. () takes every column, as numbers.

    Raises:
        DataError: If a column is missing or of the wrong type, a value is missing, or a
            word is none that the features know.
    """
    starts = {column for feature in wanted for column in possible_columns(feature)}
    frame = _load(path, words=starts.difference(wanted))
    columns = _columns_of_features(frame, wanted or frame.columns, path)
    frame = frame[list(dict.fromkeys(columns.values()))]
    if message := _describe_missing(_missing_values(frame)):
        raise DataError(f"{path}: {message}; fill them or take these rows out")
    _check_categories(frame, columns, path)
    blocks = [
        _numbers(frame[column], str(path))
        if feature == column
        else (frame[column] == feature.removeprefix(f"{column}=")).to_numpy()
        for feature, column in columns.items()
    ]
    return torch.from_numpy(np.stack(blocks, axis=1).astype(np.float32))


def _columns_of_features(
    frame: pl.DataFrame, features: Sequence[str], path: Path
) -> dict[str, str]:
    """Return the column that each feature is made of."""
    there = set(frame.columns)
    columns: dict[str, str] = {}
    for feature in features:
        column = next((c for c in possible_columns(feature) if c in there), None)
        if column is None:
            raise missing_column(path, feature.partition("=")[0], frame.columns)
        columns[feature] = column
    return columns


def _check_categories(frame: pl.DataFrame, columns: dict[str, str], path: Path) -> None:
    known: dict[str, list[str]] = {}
    for feature, column in columns.items():
        if feature != column:
            known.setdefault(column, []).append(feature.removeprefix(f"{column}="))
    for column, categories in known.items():
        for category in frame[column].unique().sort():
            if category not in categories:
                raise unseen_category(path, column, category, categories)


def _load(path: Path, words: Collection[str] = ()) -> pl.DataFrame:
    """Read a table.

    Args:
        path: The file.
        words: Columns whose values are words even where they look like numbers.
    """
    try:
        if path.suffix.lower() == ".parquet":
            frame = pl.read_parquet(path)
        else:
            frame = pl.read_csv(
                path,
                separator=_separator(path),
                null_values=_MISSING,
                infer_schema_length=None,
                schema_overrides=dict.fromkeys(words, pl.String),
            )
        spelled = [column for column in frame.columns if column in words]
        frame = frame.with_columns(pl.col(spelled).cast(pl.String))
    except pl.exceptions.NoDataError as error:
        raise DataError(
            f"{path}: the file is empty; expected a line of column names and rows below it"
        ) from error
    # A damaged Parquet file can make Polars panic, which is no ordinary exception.
    except (
        pl.exceptions.PolarsError,
        pl.exceptions.PanicException,
        OSError,
        ValueError,
    ) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path}: cannot be read as a table ({reason})") from error
    if frame.height == 0:
        raise DataError(f"{path}: has column names but no rows; add rows")
    return frame


def _separator(path: Path) -> str:
    """Return the sign that most often separates the column names in the first line."""
    with path.open(encoding="utf-8", errors="replace") as file:
        header = file.readline()
    return max(",", ";", "\t", key=header.count)


def _target_columns(frame: pl.DataFrame, target: str | None, name: str) -> tuple[str, ...]:
    listed = ", ".join(frame.columns)
    if target is None:
        raise DataError(
            f"{name}: say which column to predict with --set data.target=COLUMN; the "
            f"columns are {listed}"
        )
    targets = (target,) if target in frame.columns else _split_names(target)
    for column in targets:
        if column not in frame.columns:
            raise DataError(
                f"{name}: has no column {column!r}; the columns are {listed}."
                f"{did_you_mean(column, frame.columns)}"
            )
    if len(targets) == frame.width:
        raise DataError(f"{name}: has no columns besides the target ({listed})")
    return targets


def _split_names(target: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(column.strip() for column in target.split(",")))


def _without_missing(
    frame: pl.DataFrame, options: SourceOptions, name: str
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    bad = _missing_values(frame)
    what = _describe_missing(bad)
    if not what:
        return frame, ()
    rows = bad.select(pl.any_horizontal(pl.all())).to_series()
    if options.bad_data == "error":
        raise DataError(
            f"{name}: {what}; fill them, or leave these rows out with --bad-data skip"
        )
    if rows.all():
        raise DataError(f"{name}: {what}; no row is left")
    return frame.filter(~rows), (f"{name}: {what}",)


def _missing_values(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame([_is_missing(column) for column in frame.iter_columns()])


def _describe_missing(bad: pl.DataFrame) -> str:
    """Return how many rows miss a value and in which columns, or ""."""
    counts = {column: int(bad[column].sum()) for column in bad.columns}
    columns = ", ".join(
        f"{column} ({count} rows)" for column, count in counts.items() if count
    )
    if not columns:
        return ""
    rows = int(bad.select(pl.any_horizontal(pl.all())).to_series().sum())
    return f"{rows} of {bad.height} rows have missing or infinite values: {columns}"


def _is_missing(column: pl.Series) -> pl.Series:
    missing = column.is_null()
    # The comparison with a missing value is missing itself.
    return (
        missing | ~column.is_finite().fill_null(False)
        if column.dtype.is_float()
        else missing
    )


def _encode_features(
    frame: pl.DataFrame, name: str
) -> tuple[Float32[Tensor, "rows features"], tuple[str, ...]]:
    blocks: list[Array] = []
    names: list[str] = []
    for column in frame.iter_columns():
        if _is_words(column):
            categories = _categories(column, name)
            blocks.append(
                column.cast(pl.String).to_numpy()[:, None] == np.array(categories)
            )
            names += [feature_name(column.name, category) for category in categories]
        else:
            blocks.append(_numbers(column, name)[:, None])
            names.append(column.name)
    return torch.from_numpy(np.hstack(blocks).astype(np.float32)), tuple(names)


def _is_words(column: pl.Series) -> bool:
    return isinstance(column.dtype, pl.String | pl.Categorical | pl.Enum)


def _categories(column: pl.Series, name: str) -> list[str]:
    categories = column.cast(pl.String).unique().sort().to_list()
    if len(categories) > MAX_CATEGORIES:
        raise DataError(
            f"{name}: column {column.name!r} has {len(categories)} different words, such "
            f"as {_example(column)!r}; at most {MAX_CATEGORIES} can become columns of 0 and "
            "1. Take the column out, or group its values"
        )
    return categories


def _numbers(column: pl.Series, name: str) -> Array:
    if not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        example = f", such as {_example(column)!r}" if _is_words(column) else ""
        raise DataError(
            f"{name}: column {column.name!r} has type {column.dtype}{example}; expected "
            "numbers"
        )
    numbers = column.cast(pl.Float32).to_numpy()
    if not np.isfinite(numbers).all():
        raise DataError(
            f"{name}: column {column.name!r} has values too large for 32-bit floats"
        )
    return numbers


def _guess_task(targets: pl.DataFrame, name: str) -> TaskKind:
    for column in targets.iter_columns():
        _refuse_stray_words(column, name)
    if targets.width > 1:
        is_binary = all(_is_zero_or_one(column) for column in targets.iter_columns())
        return "multilabel" if is_binary else "regression"
    column = targets.to_series()
    if _is_words(column) or column.dtype == pl.Boolean:
        return "classification"
    few = column.dtype.is_integer() and column.n_unique() <= MAX_INTEGER_CLASSES
    return "classification" if few else "regression"


def _refuse_stray_words(column: pl.Series, name: str) -> None:
    """Refuse a target of many numbers that a few words among them turn into classes."""
    if not _is_words(column) or column.n_unique() <= MAX_INTEGER_CLASSES:
        return
    strays = _not_numbers(column)
    if 2 * len(strays) < len(column):
        raise DataError(
            f"{name}: column {column.name!r} holds numbers, but words in {len(strays)} of "
            f"{len(column)} rows, such as {strays[0]!r}; mend these to predict numbers, or "
            "make every value a class with --set task.kind=classification"
        )


def _example(column: pl.Series) -> str:
    """Return a word of a column, one that is not spelled as a number if there is one."""
    return next(iter(_not_numbers(column)), str(column[0]))


def _not_numbers(column: pl.Series) -> pl.Series:
    """Return the words of a column that are not spelled as numbers."""
    words = column.cast(pl.String)
    return words.filter(words.cast(pl.Float64, strict=False).is_null())


def _is_zero_or_one(column: pl.Series) -> bool:
    if column.dtype == pl.Boolean:
        return True
    return column.dtype.is_numeric() and bool(((column == 0) | (column == 1)).all())


def _encode_targets(
    targets: pl.DataFrame, task: TaskKind, name: str
) -> tuple[tuple[str, ...], Shaped[Tensor, "rows *outputs"]]:
    if task == "classification":
        return _encode_classes(targets, name)
    columns = list(targets.iter_columns())
    if task == "regression":
        _refuse_words(columns, name)
    values = torch.from_numpy(
        np.stack([_numbers(column, name) for column in columns], axis=1)
    )
    if task == "regression":
        return (), values
    for column in columns:
        if not _is_zero_or_one(column):
            raise DataError(
                f"{name}: column {column.name!r} holds values other than 0 and 1, which "
                "multilabel targets must be"
            )
    return tuple(targets.columns), values


def _refuse_words(targets: Sequence[pl.Series], name: str) -> None:
    way_out = "leave task.kind out to make every word a class"
    if len(targets) > 1:
        way_out = "take the column out of data.target"
    for column in targets:
        if _is_words(column):
            raise DataError(
                f"{name}: column {column.name!r} holds words, such as {_example(column)!r}, "
                f"and regression needs numbers; mend them, or {way_out}"
            )


def _encode_classes(
    targets: pl.DataFrame, name: str
) -> tuple[tuple[str, ...], Shaped[Tensor, " rows"]]:
    if targets.width > 1:
        raise DataError(
            f"{name}: classification needs one target column, got "
            f"{', '.join(targets.columns)}; use --set task.kind=multilabel for columns of "
            "0 and 1"
        )
    column = targets.to_series()
    if column.dtype.is_numeric() and not (column == column.floor()).all():
        raise DataError(
            f"{name}: column {column.name!r} holds numbers that are not whole, so they are "
            "no classes; use --set task.kind=regression"
        )
    # Polars orders categorical values by first appearance; words are ordered by spelling.
    column = column.cast(pl.Int64 if column.dtype.is_numeric() else pl.String)
    values = column.unique().sort()
    classes = tuple(str(value) for value in values)
    return classes, torch.from_numpy(column.rank("dense").cast(pl.Int64).to_numpy() - 1)
