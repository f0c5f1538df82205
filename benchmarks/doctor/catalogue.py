"""All programs of the benchmark, what is wrong with each, and which half it belongs to."""

import importlib.util
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Literal

from families import FAMILIES, Make, Split
from mutations import MUTATIONS
from variants import variant
from verdicts import read_verdicts

from data import HERE

Kind = Literal["real", "fixed", "injected", "healthy"]
REAL = HERE / "programs" / "real"
# Programs of each mutation, and healthy settings of each family, that are taken at most.
_FAULTS: dict[Split, int] = {"development": 2, "held-out": 3}
_SETTINGS = 4
_TARGET = """\
import sys

sys.path.insert(0, {folder!r})
from catalogue import by_name

_make = by_name({name!r}).make


def make(seed=0):
    return _make(seed)
"""


@dataclass(frozen=True)
class Entry:
    """One program.

    Attributes:
        name: "kind/..." as in results.
        kind: What it is: a real fault, its fixed twin, an injected fault or healthy.
        split: Thresholds are set on the development half only.
        causes: Accepted root causes, most apt first; none for what is not faulty.
    """

    name: str
    kind: Kind
    split: Split
    causes: tuple[str, ...] = ()

    @property
    def make(self) -> Make:
        """The function that makes the program."""
        _, _, rest = self.name.partition("/")
        if self.kind in ("real", "fixed"):
            module = load(REAL / f"{rest}.py")
            return module.make_faulty if self.kind == "real" else module.make_fixed
        family, sign, change = rest.partition("+" if self.kind == "injected" else "~")
        del sign
        if self.kind == "healthy":
            return FAMILIES[family].make if change == "as_is" else variant(family, change)
        return MUTATIONS[change].apply(FAMILIES[family].make)

    @property
    def target(self) -> str:
        """What `headway check` is given: FILE.py:FUNCTION."""
        _, _, rest = self.name.partition("/")
        if self.kind in ("real", "fixed"):
            function = "make_faulty" if self.kind == "real" else "make_fixed"
            return f"{REAL / rest}.py:{function}"
        folder = HERE / ".results" / "targets"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / (re.sub(r"[^\w]", "_", self.name) + ".py")
        path.write_text(_TARGET.format(folder=str(HERE), name=self.name))
        return f"{path}:make"


def load(path: Path) -> ModuleType:
    """Import a file that is no part of a package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def entries() -> list[Entry]:
    """Return all programs, in a fixed order that mixes kinds and causes."""
    found = [*_real(), *_injected(), *_healthy()]
    return sorted(found, key=lambda entry: _number(entry.name))


def by_name(name: str) -> Entry:
    """Return the program with this name, whether it was taken or not."""
    kind, _, rest = name.partition("/")
    if kind in ("real", "fixed"):
        return next(entry for entry in _real() if entry.name == name)
    family = rest.partition("+")[0].partition("~")[0]
    causes = MUTATIONS[rest.partition("+")[2]].causes if kind == "injected" else ()
    return Entry(name, kind, FAMILIES[family].split, causes)  # type: ignore[arg-type]


def _real() -> Iterable[Entry]:
    for path in sorted(REAL.glob("*.py")):
        # Two in five, by their names, are for development.
        split: Split = "development" if _number(path.stem) % 5 < 2 else "held-out"
        yield Entry(f"real/{path.stem}", "real", split, load(path).CAUSES)
        yield Entry(f"fixed/{path.stem}", "fixed", split)


def _injected() -> Iterable[Entry]:
    taken: dict[tuple[str, Split], list[Entry]] = defaultdict(list)
    for name, verdict in read_verdicts().items():
        family, sign, mutation = name.partition("+")
        if sign and verdict["counts"] and mutation in MUTATIONS:
            split = FAMILIES[family].split
            causes = MUTATIONS[mutation].causes
            taken[mutation, split].append(
                Entry(f"injected/{name}", "injected", split, causes)
            )
    for (_, split), found in sorted(taken.items()):
        yield from sorted(found, key=lambda entry: _number(entry.name))[: _FAULTS[split]]


def _healthy() -> Iterable[Entry]:
    taken: dict[str, list[Entry]] = {family: [] for family in FAMILIES}
    for name, verdict in read_verdicts().items():
        family, sign, _ = name.partition("~")
        if sign and verdict["counts"]:
            taken[family].append(
                Entry(f"healthy/{name}", "healthy", FAMILIES[family].split)
            )
    for family, found in taken.items():
        yield Entry(f"healthy/{family}~as_is", "healthy", FAMILIES[family].split)
        yield from sorted(found, key=lambda entry: _number(entry.name))[: _SETTINGS - 1]


def _number(name: str) -> int:
    return zlib.crc32(name.encode())
