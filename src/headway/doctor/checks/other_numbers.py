"""Classes that training and validation data number in different ways."""

from collections.abc import Iterator

from headway.doctor.checks.certain import certain
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.confusion import Confusion

# A class is known by the training samples that are recognized, and numbered otherwise where
# most of its validation samples are taken for one other class, and hardly any for itself.
_KNOWN = 0.6
_MOST, _HARDLY_ANY = 0.6, 0.2
# So many samples of each class, and of all of them, are more than bad luck.
_LEAST_OF_EACH, _LEAST = 4, 24
_NAMED = 3


def check_other_numbers(evidence: Evidence) -> Iterator[Finding]:
    """Find classes that are recognized as each other, all of them, and only in validation."""
    counts: Confusion | None = evidence.confusion
    data = evidence.data
    if counts is None or (data is not None and data.is_val_train):
        return
    taken = _taken_for(counts)
    # Each of them must be taken for another, which is itself taken for another or not there.
    totals = counts.val.sum(dim=1)
    others = set(taken.values())
    is_one_to_one = len(others) == len(taken)
    is_closed = all(other in taken or not totals[other] for other in others)
    if len(taken) < 2 or not is_one_to_one or not is_closed:
        return
    if sum(int(totals[kind]) for kind in taken) < _LEAST:
        return
    told = ", ".join(f"{kind} as {taken[kind]}" for kind in list(taken)[:_NAMED])
    right = float(counts.train.diagonal().sum() / counts.train.sum())
    yield certain(
        "label_encoding",
        f"The trained network recognizes {right:.0%} of the training samples and takes "
        f"{len(taken)} classes of the validation data for each other, most samples of each "
        f"for the same one ({told}): training and validation number the classes in different "
        "ways.",
        "Make the numbers of the classes once, from sorted names, and use them for both.",
        code="number = {name: n for n, name in enumerate(sorted(names))}",
    )


def _taken_for(counts: Confusion) -> dict[int, int]:
    """Return the class that each class is taken for in validation, and not in training."""
    taken: dict[int, int] = {}
    for kind, row in enumerate(counts.val):
        known, total = counts.train[kind], int(row.sum())
        other = int(row.argmax())
        if other == kind or total < _LEAST_OF_EACH:
            continue
        is_moved = row[other] >= _MOST * total and row[kind] <= _HARDLY_ANY * total
        is_known = known[kind] > 0 and known[kind] >= _KNOWN * known.sum()
        if is_moved and is_known:
            taken[kind] = other
    return taken
