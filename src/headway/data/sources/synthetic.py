"""Sequences made by a rule, that need a memory of what was seen long before."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from headway.data.sources.source import Source
from headway.data.splits import ArraySplit
from headway.errors import DataError

NUM_SEQUENCES = 10_000
_SEED = 0
# Symbols to remember, and how many of them: as in Arjovsky et al.
_NUM_SYMBOLS, _NUM_COPIED = 8, 10
# What cross-entropy leaves out, in torch and in the tasks.
IGNORED = -100

Make = Callable[[str, int, torch.Generator], Source]


@dataclass(frozen=True, slots=True)
class _Rule:
    """A kind of sequences.

    Attributes:
        make: Makes them from a name, a length and a generator.
        length: Length where none is given.
        least: Shortest length.
    """

    make: Make
    length: int
    least: int


def read_synthetic(spec: str) -> Source:
    """Make 10,000 sequences, always the same ones.

    Args:
        spec: "adding", "copy" or "temporal-order", with ":" and a length where it is not
            to be 50, 20 or 50.

    Raises:
        DataError: If the length is no whole number or too small.
    """
    name, _, given = spec.partition(":")
    rule = RULES[name]
    length = rule.length
    if given or spec.endswith(":"):
        if not re.fullmatch(r"[0-9]+", given) or int(given) < rule.least:
            raise DataError(
                f"{spec}: the length must be a whole number of at least {rule.least}, such "
                f"as {name}:{rule.length}, got {given!r}"
            )
        length = int(given)
    return rule.make(spec, length, torch.Generator().manual_seed(_SEED))


def is_synthetic(spec: str) -> bool:
    """Whether `spec` names one of the rules, with a length or without."""
    return spec.partition(":")[0] in RULES


def _adding(name: str, length: int, generator: torch.Generator) -> Source:
    """Add up the two marked numbers of a sequence.

    Each step has a number from [0, 1) and a mark, which is 1 at one step of the first half
    and at one of the second, else 0. The best constant answer is 1, with a squared error of
    1/6 = 0.167.

    Reference:
        Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, section 5.4; with one
        mark in each half as in Le et al., "A Simple Way to Initialize Recurrent Networks of
        Rectified Linear Units", 2015. arXiv:1504.00941.
    """
    half = length // 2
    values = torch.rand(NUM_SEQUENCES, length, generator=generator)
    first = torch.randint(0, half, (NUM_SEQUENCES, 1), generator=generator)
    second = torch.randint(half, length, (NUM_SEQUENCES, 1), generator=generator)
    places = torch.cat([first, second], dim=1)
    marks = torch.zeros(NUM_SEQUENCES, length).scatter_(1, places, 1.0)
    sums = (values * marks).sum(dim=1, keepdim=True)
    return Source(
        name=name,
        kind="sequence",
        task="regression",
        target_names=("sum",),
        train=ArraySplit(torch.stack([values, marks], dim=2), sums),
    )


def _copy(name: str, delay: int, generator: torch.Generator) -> Source:
    """Repeat ten symbols after a delay.

    Ten symbols out of eight, `delay` blanks, a sign to begin and nine more blanks: the last
    ten steps are to name the symbols in their order, and no other step counts. Guessing
    costs ln 8 = 2.08 nats.

    Reference:
        Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997; in the form of Arjovsky
        et al., "Unitary Evolution Recurrent Neural Networks", 2015, section 5.1.
        arXiv:1511.06464.
    """
    shape = (NUM_SEQUENCES, _NUM_COPIED)
    symbols = torch.randint(0, _NUM_SYMBOLS, shape, generator=generator)
    blank, go = _NUM_SYMBOLS, _NUM_SYMBOLS + 1
    inputs = torch.full((NUM_SEQUENCES, delay + 2 * _NUM_COPIED), blank)
    inputs[:, :_NUM_COPIED] = symbols
    inputs[:, -_NUM_COPIED] = go
    targets = torch.full_like(inputs, IGNORED)
    targets[:, -_NUM_COPIED:] = symbols
    return Source(
        name=name,
        kind="tokens",
        task="step-classification",
        classes=(*map(str, range(1, _NUM_SYMBOLS + 1)), "blank", "go"),
        train=ArraySplit(inputs, targets),
    )


def _temporal_order(name: str, length: int, generator: torch.Generator) -> Source:
    """Tell in which order two symbols came, each of them X or Y.

    One stands in the second tenth of the sequence and one in the sixth; the other steps hold
    a, b, c or d. Symbols are one-hot. The class is XX, XY, YX or YY.

    Reference:
        Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, section 5.6, task 6a.
    """
    symbols = torch.randint(0, 4, (NUM_SEQUENCES, length), generator=generator)
    classes = torch.zeros(NUM_SEQUENCES, dtype=torch.int64)
    for start in (length // 10, length // 2):
        width = (NUM_SEQUENCES, 1)
        place = start + torch.randint(0, max(1, length // 10), width, generator=generator)
        is_y = torch.randint(0, 2, width, generator=generator)
        symbols.scatter_(1, place, 4 + is_y)
        classes = 2 * classes + is_y[:, 0]
    return Source(
        name=name,
        kind="sequence",
        task="classification",
        classes=("XX", "XY", "YX", "YY"),
        train=ArraySplit(F.one_hot(symbols, 6).float(), classes),
    )


RULES: Mapping[str, _Rule] = {
    "adding": _Rule(_adding, length=50, least=2),
    "copy": _Rule(_copy, length=20, least=0),
    "temporal-order": _Rule(_temporal_order, length=50, least=10),
}
