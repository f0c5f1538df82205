"""Between a recipe, nested dicts and TOML; every leaf is checked on the way in."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import msgspec
import tomli_w

from headway.errors import RecipeError, did_you_mean, in_words
from headway.recipe.tree import Recipe

_PLAIN = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text in quotes",
    tuple: "a list [...]",
    dict: "a section",
    NoneType: "none",
}


def recipe_from_dict(values: Mapping[str, Any]) -> Recipe:
    """Return the recipe with `values` in place of the defaults.

    Raises:
        RecipeError: If a key is unknown, or a value has the wrong type or is out of range.
    """
    _refuse_unknown(values, Recipe, "")
    try:
        return msgspec.convert(values, Recipe)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        path = path.rstrip("`")
        got = _value_at(values, path)
        raise RecipeError(
            f"{path}: {_expected(message, path)}, got {_shown(path, got)}"
        ) from None


def recipe_to_dict(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as nested dicts that TOML can hold: without what is None."""
    return _without_none(asdict(recipe))


def read_recipe(path: Path) -> dict[str, Any]:
    """Read the values of a recipe file; they are checked when the recipe is made.

    Raises:
        RecipeError: If the file is missing, cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        siblings = [file.name for file in path.parent.glob("*.toml")]
        raise RecipeError(
            f"there is no recipe file {path}.{did_you_mean(path.name, siblings)} Recipes "
            "known by name are given without .toml"
        ) from None
    except OSError as error:
        raise RecipeError(f"the recipe {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is not a TOML file: {error}") from None


def recipe_to_toml(recipe: Recipe) -> str:
    """Return the whole recipe as TOML."""
    return tomli_w.dumps(recipe_to_dict(recipe))


def set_value(values: dict[str, Any], assignment: str) -> None:
    """Apply one "path=value", such as "optimizer.lr=0.05", to nested values.

    The value is read as TOML where it is valid TOML and as a string otherwise.

    Raises:
        RecipeError: If there is no "=", the path leads through a value or a list is not TOML.
    """
    path, separator, text = assignment.partition("=")
    if not separator or not path.strip():
        raise RecipeError(
            f"--set takes path=value, such as optimizer.lr=0.05, got {assignment!r}; "
            "DATA comes before --set"
        )
    *parents, last = path.strip().split(".")
    table = values
    for parent in parents:
        below = table.setdefault(parent, {})
        if not isinstance(below, dict):
            raise RecipeError(f"{path.strip()}: {parent} is a value, not a section")
        table = cast(dict[str, Any], below)
    is_off = text.strip() == "none" and _takes_none(_hint(path.strip()))
    table[last] = None if is_off else _parse(text.strip(), path.strip())


def _parse(text: str, path: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        if not text.startswith("["):
            return text
    raise RecipeError(
        f"{path}: {text} is not a list as TOML has it; write [1, 2], or for words "
        f"""--set '{path}=["a", "b"]' with both kinds of quotes"""
    )


def _refuse_unknown(values: Mapping[str, Any], kind: Any, path: str) -> None:
    known = {item.name: item.type for item in fields(kind)}
    for key, value in values.items():
        if key not in known:
            raise RecipeError(
                f"unknown setting {path}{key}.{did_you_mean(key, known)} "
                f"Known here: {', '.join(sorted(known))}"
            )
        inner = known[key]
        if is_dataclass(inner):
            if not isinstance(value, Mapping):
                raise RecipeError(
                    f"{path}{key} is a section, got {value!r}; set one of its values, such as "
                    f"{path}{key}.{fields(inner)[0].name}"
                )
            _refuse_unknown(cast(Mapping[str, Any], value), inner, f"{path}{key}.")


def _expected(message: str, path: str) -> str:
    """Turn msgspec's message into the words of the other errors."""
    is_type = message.startswith("Invalid enum value") or ", got `" in message
    return f"expected {' or '.join(_names(_hint(path)))}" if is_type else in_words(message)


def _shown(path: str, got: Any) -> str:
    suggestion = did_you_mean(got, _names(_hint(path))) if isinstance(got, str) else ""
    return f"{got!r}.{suggestion}" if suggestion else repr(got)


def _hint(path: str) -> Any:
    """Return the type of the setting at `path`."""
    hint: Any = Recipe
    for key in path.split("."):
        name, item, _ = key.partition("[")
        hint = get_type_hints(hint).get(name) if is_dataclass(hint) else None
        if item:  # the items of a list are all of one type
            hint = next(iter(get_args(hint)), None)
    return hint


def _takes_none(hint: Any) -> bool:
    """Whether "none" means that a setting is off, and is not one of its words."""
    return hint is NoneType or any(_takes_none(inner) for inner in get_args(hint))


def _names(hint: Any) -> list[str]:
    """Return the words that a type stands for: its own name, or the choices it names."""
    if get_origin(hint) is Literal:
        return [str(word) for word in get_args(hint)]
    if get_origin(hint) in (Union, UnionType):
        return [name for inner in get_args(hint) for name in _names(inner)]
    plain = get_origin(hint) or hint
    return [_PLAIN.get(plain, getattr(plain, "__name__", str(plain)))]


def _value_at(values: Any, path: str) -> Any:
    for key in path.split("."):
        name, _, item = key.partition("[")
        if not isinstance(values, Mapping) or name not in values:
            return values
        values = cast(Mapping[str, Any], values)[name]
        if item:
            values = values[int(item.rstrip("]"))]
    return values


def _without_none(tree: Any) -> Any:
    if isinstance(tree, dict):
        items = cast(dict[str, Any], tree).items()
        return {key: _without_none(value) for key, value in items if value is not None}
    if isinstance(tree, tuple):
        return list(cast(tuple[Any, ...], tree))
    return tree
