"""The change as a unified diff of the user's own file, where that is easy and proved right."""

import difflib
import itertools
import math
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType

from headway.doctor.arm import Remedies, treat
from headway.doctor.candidates import flat
from headway.doctor.examples import Batch
from headway.doctor.program import MakeProgram, Program, seed_all
from headway.doctor.remedies.batches import is_shuffled
from headway.doctor.source_edits import edits
from headway.doctor.target import load_target, maker
from headway.errors import HeadwayError, TargetError
from headway.models.user_code import UserFunction

# Updates that have to agree, and texts that are tried.
_STEPS = 10
_MOST_TEXTS = 24
_TOLERANCE = 1e-4


def patch_for(name: str, remedies: Remedies) -> str:
    """Return a unified diff of the file of FILE.py:FUNCTION, or "" where none is known.

    Only a diff after which the program trains as the treated one does is returned: both are
    trained for some updates, and their losses compared.
    """
    user = UserFunction(name, "program", "make", TargetError)
    text = user.path.read_text(encoding="utf-8")
    for edited in itertools.islice(_edited(text, flat(remedies)), _MOST_TEXTS):
        if _trains_alike(user, edited, remedies):
            return _diff(user.path.name, text, edited)
    return ""


def _edited(text: str, remedies: Remedies) -> Iterator[str]:
    """Yield the text with all remedies written into it, in every way that there is."""
    if not remedies:
        yield text
        return
    for edited in edits(text, remedies[0]):
        yield from _edited(edited, remedies[1:])


def _trains_alike(user: UserFunction, edited: str, remedies: Remedies) -> bool:
    """Whether the edited file makes a program that trains as the treated one."""
    try:
        changed = _maker_of(user, edited)(0)
        wanted = treat(load_target(user.name)(0), remedies)
    except HeadwayError:
        return False
    if _plan(changed) != _plan(wanted):
        return False
    batches = list(itertools.islice(wanted.train.batches(), _STEPS))
    return _alike(_losses(changed, batches), _losses(wanted, batches))


def _maker_of(user: UserFunction, text: str) -> MakeProgram:
    """Return what the edited text makes, run as if it stood in the user's file."""
    name = f"headway_edited_{user.path.stem}"
    module = ModuleType(name)
    module.__file__ = str(user.path)
    sys.modules[name] = module  # dataclasses and pickle look it up there
    with user.importable(), user.blamed("the edited file cannot be imported"):
        exec(compile(text, str(user.path), "exec"), vars(module))
    return maker(getattr(module, user.function_name))


def _plan(program: Program) -> tuple[int, int, bool]:
    return program.epochs, program.train.num_batches, is_shuffled(program.train)


def _losses(program: Program, batches: Sequence[Batch]) -> list[float]:
    """Return the losses of some updates, the same random numbers in each."""
    losses: list[float] = []
    for inputs, targets in batches:
        seed_all(len(losses))
        losses.append(float(program.update(inputs, targets)))
    return losses


def _alike(losses: list[float], others: list[float]) -> bool:
    return len(losses) == len(others) > 0 and all(
        math.isclose(loss, other, rel_tol=_TOLERANCE, abs_tol=1e-7)
        for loss, other in zip(losses, others, strict=True)
    )


def _diff(name: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        fromfile=f"a/{name}",
        tofile=f"b/{name}",
    )
    return "".join(lines)
