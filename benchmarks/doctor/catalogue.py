"""All programs of the benchmark, what is wrong with each, and which part it belongs to."""

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
PROGRAMS = HERE / "programs"
REAL = PROGRAMS / "real"
# Parts by people who had not seen how the doctor works, oldest first: PART has the faulty
# programs with their twins, PART_healthy the healthy ones.
LATER: tuple[Split, ...] = (
    "fresh",
    "newest",
    "latest",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
)
# Programs of each mutation, and healthy settings of each family, that are taken at most.
_FAULTS: dict[Split, int] = {"development": 2, "held-out": 3, "fresh": 3}
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
        split: Thresholds are set on the development part only.
        causes: Accepted root causes, most apt first; none for what is not faulty.
    """

    name: str
    kind: Kind
    split: Split
    causes: tuple[str, ...] = ()

    @property
    def make(self) -> Make:
        """The function that makes the program."""
        file = _file(self.name)
        if file is not None:
            path, function = file
            return getattr(load(path), function)
        _, _, rest = self.name.partition("/")
        family, sign, change = rest.partition("+" if self.kind == "injected" else "~")
        del sign
        if self.kind == "healthy":
            return FAMILIES[family].make if change == "as_is" else variant(family, change)
        return MUTATIONS[change].apply(FAMILIES[family].make)

    @property
    def target(self) -> str:
        """What `headway check` is given: FILE.py:FUNCTION."""
        file = _file(self.name)
        if file is not None:
            path, function = file
            return f"{path}:{function}"
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
    found = [*_real(), *_injected(), *_healthy(), *_later_healthy()]
    return sorted(found, key=lambda entry: _number(entry.name))


def by_name(name: str) -> Entry:
    """Return the program with this name, whether it was taken or not."""
    if _file(name) is not None:
        found = [*_real(), *_later_healthy()]
        return next(entry for entry in found if entry.name == name)
    kind, _, rest = name.partition("/")
    family = rest.partition("+")[0].partition("~")[0]
    causes = MUTATIONS[rest.partition("+")[2]].causes if kind == "injected" else ()
    return Entry(name, kind, FAMILIES[family].split, causes)  # type: ignore[arg-type]


def _file(name: str) -> tuple[Path, str] | None:
    """Return the file and the function of a program that has a file of its own."""
    kind, _, rest = name.partition("/")
    if kind in ("real", "fixed"):
        path = _found(rest, REAL, *_later())
        return path, "make_faulty" if kind == "real" else "make_fixed"
    # Names of settings of families have a "~".
    if kind == "healthy" and "~" not in rest:
        return _found(rest, *_later("_healthy")), "make"
    return None


def _later(ending: str = "") -> dict[Path, Split]:
    """Return the folders of the later parts, and which part each is."""
    return {PROGRAMS / f"{part}{ending}": part for part in LATER}


def _found(name: str, *folders: Path) -> Path:
    """Return the file of this name in the first folder that has it."""
    paths = [folder / f"{name}.py" for folder in folders]
    return next((path for path in paths if path.exists()), paths[-1])


def _real() -> Iterable[Entry]:
    seen: set[str] = set()
    later = _later()
    for path in _files(REAL, *later):
        # Two in five, by their names, are for development.
        split: Split = "development" if _number(path.stem) % 5 < 2 else "held-out"
        split = later.get(path.parent, split)
        if path.stem in seen:
            raise ValueError(f"two programs have the name {path.stem}")
        seen.add(path.stem)
        yield Entry(f"real/{path.stem}", "real", split, load(path).CAUSES)
        yield Entry(f"fixed/{path.stem}", "fixed", split)


def _later_healthy() -> Iterable[Entry]:
    later = _later("_healthy")
    for path in _files(*later):
        yield Entry(f"healthy/{path.stem}", "healthy", later[path.parent])


def _files(*folders: Path) -> Iterable[Path]:
    for folder in folders:
        yield from sorted(folder.glob("*.py"))


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
