"""What the lab found, from the files of its experiments."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from headway.board.discovery import PICTURE, Place
from headway.board.files import read_file
from headway.board.record import LIMIT_BYTES, read_object
from headway.errors import RunError, did_you_mean
from headway.runs import FINDING

_NOT_JUDGED = "NOT JUDGED"


def experiments_of(places: Iterable[Place]) -> list[dict[str, Any]]:
    """Return the experiments in the order of their names."""
    return [_experiment(place) for place in sorted(places, key=lambda place: place.id)]


def _experiment(place: Place) -> dict[str, Any]:
    own = {"folder": place.id, "picture": PICTURE in place.files}
    try:
        return {**_empty(place), **_finding(place), **own}
    except (OSError, ValueError) as error:
        return {**_empty(place), "error": f"{FINDING} cannot be read: {error}", **own}


def summary_of(experiments: Iterable[dict[str, Any]]) -> str:
    """Return how many claims came out how, in one line.

    Example:
        >>> summary_of([{"verdict": "REPRODUCED"}, {"verdict": "INCONCLUSIVE"}])
        '2 claims: 1 reproduced, 1 inconclusive'
    """
    counts = Counter(str(each["verdict"]).lower() for each in experiments)
    total = sum(counts.values())
    if not total:
        return "no experiments"
    parts = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    return f"{total} claim{'s' if total > 1 else ''}: {parts}"


def picture_of(places: Iterable[Place], name: str) -> bytes:
    """Return the picture of an experiment, found by its name or its folder.

    Raises:
        RunError: If there is no such experiment or it has no picture.
    """
    known = {key: place for place in places for key in (place.name, place.id)}
    if name not in known:
        raise RunError(
            f"there is no experiment {name!r}.{did_you_mean(name, known)} "
            "`headway lab list` shows all"
        )
    try:
        return read_file(known[name].folder / PICTURE, limit=LIMIT_BYTES)
    except OSError as error:
        raise RunError(
            f"the experiment {name!r} has no picture yet; `headway lab run {name}` makes it"
        ) from error


def _finding(place: Place) -> dict[str, Any]:
    return read_object(place.folder / FINDING) if FINDING in place.files else {}


def _empty(place: Place) -> dict[str, Any]:
    return {
        "name": place.name,
        "title": place.name.replace("-", " "),
        "claim": "",
        "source": "",
        "note": "",
        "verdict": _NOT_JUDGED,
        "error": "",
        "seconds": 0.0,
        "seeds": [],
        "requirements": [],
        "updated": 0.0,
    }
