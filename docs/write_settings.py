"""Write docs/settings.md from the recipe's dataclasses: python docs/write_settings.py."""

import inspect
import re
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import Meta

from headway.recipe import Recipe

TARGET = Path(__file__).with_name("settings.md")

_INTRO = """\
# Settings

Every setting of a recipe, with its default and what it takes. `make docs` writes this page
from the dataclasses in `headway.recipe` and `headway.engine`.

In a TOML file the sections are tables; on the command line a setting goes by its full name,
as in `--set optimizer.lr=0.05`. Where the default is `none`, leaving the setting out of a
file means the same.
"""


def settings_page() -> str:
    """Return the whole page as Markdown."""
    parts = [item for item in fields(Recipe) if is_dataclass(item.type)]
    plain = [item for item in fields(Recipe) if not is_dataclass(item.type)]
    tables = [_table(Recipe, plain, "")]
    for part in parts:
        kind: Any = part.type
        title = f"## {part.name}\n\n{inspect.getdoc(kind).splitlines()[0]}"
        tables.append(f"{title}\n\n{_table(kind, fields(kind), f'{part.name}.')}")
    return "\n".join([_INTRO, *tables])


def _table(kind: Any, items: Any, prefix: str) -> str:
    types = get_type_hints(kind, include_extras=True)
    meanings = _meanings(kind)
    rows = [
        f"| `{prefix}{item.name}` | {_default(item)} | {_values(types[item.name])} "
        f"| {meanings[item.name]} |"
        for item in items
    ]
    return "\n".join(
        ["| setting | default | values | meaning |", "|---|---|---|---|", *rows, ""]
    )


def _meanings(kind: Any) -> dict[str, str]:
    """Return what the docstring says of each attribute."""
    section = re.split(
        r"^(?:Attributes|Example):$", inspect.getdoc(kind) or "", flags=re.M
    )[1]
    entries = re.findall(r"^    (\w+): (.+(?:\n        .+)*)", section, flags=re.M)
    return {
        name: " ".join(text.split()).replace("None", "`none`") for name, text in entries
    }


def _default(item: Field[Any]) -> str:
    if item.default is MISSING:
        assert callable(item.default_factory)
        return _code(item.default_factory())
    return _code(item.default)


def _code(value: Any) -> str:
    if isinstance(value, tuple):
        value = list(value)
    return f"`{'none' if value is None else str(value).lower()}`"


def _values(kind: Any) -> str:
    """Return in words what a type takes."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        limits = [_limits(meta) for meta in arguments[1:] if isinstance(meta, Meta)]
        return " ".join([_values(arguments[0]), *limits])
    if origin is Literal:
        return ", ".join(f"`{argument}`" for argument in arguments)
    if origin in (Union, UnionType):
        return ", ".join(_values(argument) for argument in arguments)
    if origin is tuple:
        count = "any number" if arguments[-1] is ... else str(len(arguments))
        return f"list of {count}: {_values(arguments[0])}"
    names = {str: "text", int: "integer", float: "number", NoneType: "`none`"}
    names |= {bool: "`true`, `false`"}
    return names.get(kind, "table")


def _limits(meta: Meta) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    given = ((sign, getattr(meta, name)) for name, sign in signs.items())
    return " and ".join(f"{sign} {limit:g}" for sign, limit in given if limit is not None)


if __name__ == "__main__":
    TARGET.write_text(settings_page(), encoding="utf-8")
