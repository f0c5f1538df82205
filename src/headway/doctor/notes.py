"""What could not be measured, said once for each reason."""

from collections.abc import Iterable

_FAILED = " could not be measured: "


def failed_note(what: str, reason: str) -> str:
    """Return the note that something could not be measured."""
    return f"{what}{_FAILED}{reason}"


def joined_notes(notes: Iterable[str]) -> tuple[str, ...]:
    """Return the notes with those together that have the same reason, in their order."""
    failed: dict[str, list[str]] = {}
    for note in notes:
        what, _, reason = note.partition(_FAILED)
        failed.setdefault(reason or note, []).append(what)
    return tuple(
        failed_note(_listed(parts), reason) if parts != [reason] else reason
        for reason, parts in failed.items()
    )


def _listed(parts: list[str]) -> str:
    *others, last = dict.fromkeys(parts)
    return f"{', '.join(others)} and {last}" if others else last
