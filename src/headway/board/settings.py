"""Settings of many runs, most of which share most of them."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, cast

Settings = dict[str, Any]
_MISSING = object()
_SECTION = re.compile(r"^(?=\[)", re.MULTILINE)


def read_settings(text: str) -> Settings:
    """Return the settings of a recipe by their path, such as "optimizer.lr".

    A parser of TOML needs half a millisecond for a recipe. Runs of one sweep have most
    sections in common, so sections are read one by one, and each is read once.

    Raises:
        ValueError: If it is not TOML; the message names the line.
        RecursionError: If it is nested too deep.
    """
    try:
        sections = [_read_section(part) for part in _SECTION.split(text)]
    except ValueError:  # a bracket within a value, or true damage: the whole text decides
        return flat(tomllib.loads(text))
    return {path: value for section in sections for path, value in section.items()}


@lru_cache(maxsize=4096)
def _read_section(text: str) -> Settings:
    if text.startswith("[["):
        raise ValueError("a list of tables needs the whole text")
    return flat(tomllib.loads(text))


def flat(tree: Mapping[str, Any]) -> Settings:
    """Return the leaves of a tree by their path.

    Example:
        >>> flat({"seed": 1, "optimizer": {"lr": 0.1}})
        {'seed': 1, 'optimizer.lr': 0.1}
    """
    return dict(_leaves(tree, ""))


def _leaves(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(cast("Mapping[str, Any]", value), f"{prefix}{name}.")
        else:
            yield prefix + name, value


def common_settings(all_settings: Iterable[Settings]) -> Settings:
    """Return the settings that are the same in all runs that have any.

    Example:
        >>> common_settings([{"seed": 1, "lr": 0.1}, {"seed": 2, "lr": 0.1}])
        {'lr': 0.1}
    """
    given = iter(filter(None, all_settings))
    common = dict(next(given, {}))
    for settings in given:
        differing = [
            name for name, value in common.items() if settings.get(name, _MISSING) != value
        ]
        for name in differing:
            del common[name]
    return common
