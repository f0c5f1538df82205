"""Which of some remedies find something to change in a program."""

import contextlib
import time
import warnings
from collections.abc import Iterable, Iterator

from headway.doctor.program import MakeProgram, Program
from headway.doctor.remedies.drawing import states_kept
from headway.doctor.remedies.remedy import Remedy
from headway.errors import HeadwayError, RemedyDoesNotFit

# Making a program of a large data set again and again would cost more than it tells.
_MOST_SECONDS = 3.0


def fitting(remedies: Iterable[Remedy], make: MakeProgram, seed: int) -> Iterator[Remedy]:
    """Yield the remedies that can be applied; once time has run out, all that are left.

    Args:
        remedies: Tried in order, each on a program of its own.
        make: Makes the programs.
        seed: That they are made from.
    """
    begun = time.perf_counter()
    for remedy in remedies:
        is_late = time.perf_counter() - begun > _MOST_SECONDS
        if is_late or _fits(remedy, make, seed):
            yield remedy


def fitting_in_turn(program: Program, remedies: Iterable[Remedy]) -> list[Remedy]:
    """Return the remedies that find something to change in a program, each behind the others.

    Args:
        program: Fresh; it is changed.
        remedies: In the order in which they are applied.
    """
    kept: list[Remedy] = []
    for remedy in remedies:
        # A remedy may meet a program that it was not written for.
        with contextlib.suppress(Exception), states_kept():
            program = remedy.apply(program)
            kept.append(remedy)
    return kept


def _fits(remedy: Remedy, make: MakeProgram, seed: int) -> bool:
    with warnings.catch_warnings(), states_kept():
        warnings.simplefilter("ignore")
        try:
            remedy.apply(make(seed))
        except RemedyDoesNotFit:
            return False
        except HeadwayError:
            raise
        except Exception:
            # Foreign code can fail in any way when it is run; such a remedy cannot be tried.
            return False
    return True
