"""Options of a model: known names, checked values."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec

from headway.errors import ModelError, did_you_mean, in_words

Options = TypeVar("Options")


@dataclass(frozen=True, kw_only=True, slots=True)
class PretrainedOptions:
    """Options of a model that comes from a library.

    Attributes:
        pretrained: Start from the weights that the library offers.
    """

    pretrained: bool = False


def read_options(name: str, schema: type[Options], options: Mapping[str, Any]) -> Options:
    """Return `options` of model `name` as the dataclass `schema`.

    Raises:
        ModelError: If an option is unknown, of the wrong type or out of range.
    """
    types: dict[str, Any] = {field.name: field.type for field in fields(schema)}  # type: ignore[arg-type]
    refuse_unknown_options(name, options, types)
    for option, value in options.items():
        try:
            msgspec.convert(value, types[option])
        except msgspec.ValidationError as error:
            raise _bad_value(name, option, value, types[option], error) from error
    return msgspec.convert(dict(options), schema)


def refuse_unknown_options(name: str, options: Iterable[str], known: Iterable[str]) -> None:
    """Raise `ModelError` for the first option that is not among the known ones."""
    known = list(known)
    for option in options:
        if option not in known:
            listed = f"its options are {', '.join(known)}" if known else "it has no options"
            raise ModelError(
                f"unknown option {option!r} of model {name!r}: {listed}."
                f"{did_you_mean(option, known)}"
            )


def defaults(schema: type[Any]) -> dict[str, Any]:
    """Return the options of the dataclass `schema` with their defaults."""
    return asdict(schema())


def _bad_value(
    name: str, option: str, value: Any, kind: Any, error: msgspec.ValidationError
) -> ModelError:
    choices = (
        [str(choice) for choice in get_args(kind)] if get_origin(kind) is Literal else []
    )
    expected = f"expected {' or '.join(choices)}" if choices else in_words(str(error))
    return ModelError(
        f"option {option!r} of model {name!r}: {expected}, got {value!r}."
        f"{did_you_mean(str(value), choices)}"
    )
