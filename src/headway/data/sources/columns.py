"""How the columns of a table and the features made of them are called."""

from collections.abc import Collection, Iterable, Sequence

from headway.errors import DataError, did_you_mean

_NUM_NAMED = 10


def feature_name(column: str, category: str) -> str:
    """Return the name of the feature that is 1 where `column` holds `category`."""
    return f"{column}={category}"


def possible_columns(feature: str) -> list[str]:
    """Return what the column of a feature may be called: all of it, or up to a "="."""
    ends = [end for end, sign in enumerate(feature) if sign == "="]
    return [feature, *(feature[:end] for end in reversed(ends))]


def group_categories(features: Iterable[str]) -> dict[str, list[str]]:
    """Return the categories of every column of words that is among `features`.

    A name says no more than that, so that a column called "a=b" counts as one of words.
    """
    columns: dict[str, list[str]] = {}
    for feature in features:
        column, equals, category = feature.partition("=")
        if equals:
            columns.setdefault(column, []).append(category)
    return columns


def missing_column(where: object, column: str, columns: Collection[str]) -> DataError:
    """Return the error for a feature column that is not there."""
    return DataError(
        f"{where}: has no column {column!r}, which the network was trained with; the "
        f"columns are {listed(columns)}.{did_you_mean(column, columns)}"
    )


def unseen_category(
    where: object, column: str, category: str, known: Sequence[str]
) -> DataError:
    """Return the error for a word that the training data did not hold."""
    return DataError(
        f"{where}: column {column!r} holds {category!r}, which the network was not trained "
        f"with; it knows {listed(known)}.{did_you_mean(category, known)}"
    )


def listed(names: Collection[str]) -> str:
    """Return the names with commas between, the first few of many."""
    shown = ", ".join(list(names)[:_NUM_NAMED])
    return f"{shown}, ... ({len(names)} in all)" if len(names) > _NUM_NAMED else shown
