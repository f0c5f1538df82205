"""What could not be measured, said once for each reason."""

from collections.abc import Iterable

_FAILED = " could not be measured: "


def failed_note(what: str, reason: str) -> str:
    """Return the note that something could not be measured."""
    return f"{what}{_FAILED}{reason}"


def joined_notes(notes: Iterable[str]) -> tuple[str, ...]:
    """Return the notes with those together that have the same reason."""
    whats: dict[str, list[str]] = {}
    for note in notes:
        what, _, reason = note.partition(_FAILED)
        whats.setdefault(reason, []).append(what)
    others = dict.fromkeys(whats.pop("", ()))
    failed = (failed_note(_listed(parts), reason) for reason, parts in whats.items())
    return (*failed, *others)


def _listed(parts: list[str]) -> str:
    *others, last = dict.fromkeys(parts)
    return f"{', '.join(others)} and {last}" if others else last
