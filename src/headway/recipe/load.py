"""Put a recipe together: a named one or a file, then the settings given one by one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from headway.errors import RecipeError, did_you_mean
from headway.recipe.convert import (
    read_recipe,
    recipe_from_dict,
    recipe_to_dict,
    set_value,
)
from headway.recipe.named import RECIPES, named_recipe
from headway.recipe.tree import Recipe


def load_recipe(
    recipe: str | Recipe = "default",
    *,
    overrides: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
) -> Recipe:
    """Return a recipe with changes applied, all of it checked.

    A file may start from a named recipe by its key `name`; what the file does not say is as
    in that recipe.

    Args:
        recipe: Name of a recipe, path of a TOML file, or a recipe to change.
        overrides: Changes such as "optimizer.lr=0.05"; later ones win.
        settings: Changes by path, such as {"data.source": "mnist"}; applied before
            `overrides`.

    Raises:
        RecipeError: If the recipe, a key or a value is not as it should be.

    Example:
        >>> load_recipe("fast", overrides=["optimizer.lr=0.05"]).optimizer.lr
        0.05
    """
    is_name = isinstance(recipe, str)
    values = _values(recipe) if is_name else recipe_to_dict(recipe)
    for path, value in (settings or {}).items():
        _set(values, path, value)
    for override in overrides:
        set_value(values, override)
    return recipe_from_dict(values)


def _values(name_or_file: str) -> dict[str, Any]:
    is_file = name_or_file.endswith(".toml") or "/" in name_or_file
    if not is_file:
        return recipe_to_dict(named_recipe(name_or_file))
    given = read_recipe(Path(name_or_file))
    if "name" not in given:
        return given
    return _merged(recipe_to_dict(_base(given["name"], name_or_file)), given)


def _base(name: Any, file: str) -> Recipe:
    """Return the recipe that a file starts from."""
    if name not in list(RECIPES):
        raise RecipeError(
            f"{file} starts from an unknown recipe {name!r}.{did_you_mean(str(name), RECIPES)} "
            f"Known: {', '.join(RECIPES)}"
        )
    return RECIPES[name]()


def _merged(base: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, Mapping):
            value = _merged(cast(dict[str, Any], below), cast(Mapping[str, Any], value))
        merged[key] = value
    return merged


def _set(values: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        values = values.setdefault(parent, {})
    values[last] = value
