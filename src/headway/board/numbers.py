"""Values that JSON can hold."""

import datetime
import math
from collections.abc import Mapping
from typing import Any, cast

import msgspec
import numpy as np

Array = np.ndarray
# JSON lacks some numbers, which the record writes as these words.
NOT_FINITE = frozenset({"nan", "inf", "-inf"})
# Up to here a float has every whole number.
_WHOLE = 2**53
_DECODER = msgspec.json.Decoder()


def decode_json(text: bytes) -> Any:
    """Return what JSON says.

    Raises:
        ValueError: If it is no JSON, or nested too deep.
    """
    try:
        return _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"no JSON: {error}") from error
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def plain(value: Any) -> Any:
    """Return a value as JSON knows it; numbers it lacks become "nan", "inf" or "-inf".

    Example:
        >>> plain({"loss": [1.0, float("nan")]})
        {'loss': [1.0, 'nan']}
    """
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping():
            items = cast("Mapping[Any, Any]", value).items()
            return {str(key): plain(item) for key, item in items}
        case list() | tuple():
            return [plain(item) for item in cast("list[Any]", value)]
        case datetime.date() | datetime.time():
            return value.isoformat()
        case _:
            return str(value)


def as_float(value: Any) -> float:
    """Return a number or the word for one that JSON lacks; nan for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:  # a whole number of hundreds of digits
            return math.copysign(math.inf, value)
    return float(value) if value in ("inf", "-inf") else math.nan


def as_count(value: Any) -> int | None:
    """Return a whole number above 0, None for anything else."""
    return value if isinstance(value, int) and 0 < value < _WHOLE else None


def numbers_in(content: Mapping[str, Any]) -> dict[str, float | str]:
    """Return the entries that are numbers, or words for those that JSON lacks."""
    found: dict[str, float | str] = {}
    for name, value in content.items():
        number = as_float(value)
        if math.isfinite(number):
            found[name] = number
        elif isinstance(value, str) and value in NOT_FINITE:
            found[name] = value
    return found


def as_list(values: Array) -> list[float]:
    """Return finite numbers as a list, of whole numbers where all are whole."""
    rounded = np.rint(values)
    if np.array_equal(rounded, values) and np.all(np.abs(values) < _WHOLE):
        return rounded.astype(np.int64).tolist()
    return values.tolist()
