"""What a person says about a run: a note and tags."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from headway.errors import InputError
from headway.runs.files import write_into_foreign
from headway.runs.schema import NOTES, SCHEMA_VERSION

_NOTE_LENGTH = 10_000
_NUM_TAGS = 50
_TAG_LENGTH = 60


@dataclass(frozen=True, kw_only=True)
class Notes:
    """A note and tags of a run.

    Attributes:
        note: Text of any number of lines.
        tags: Short words, in the order they were given, each once.
    """

    note: str = ""
    tags: tuple[str, ...] = ()


def read_notes(folder: Path) -> Notes:
    """Return the note and tags of the run in `folder`, empty where there are none.

    A file that is damaged, or leads out of the folder by a link, counts as none.
    """
    path = folder / NOTES
    try:
        content = {} if path.is_symlink() else json.loads(path.read_bytes())
        return _checked(content.get("note", ""), content.get("tags", ()))
    except (OSError, ValueError, AttributeError):
        return Notes()


def write_notes(folder: Path, *, note: str, tags: Iterable[str]) -> Notes:
    """Keep a note and tags with the run in `folder`, in place of those before.

    Args:
        folder: Folder of the run.
        note: Text; empty for none.
        tags: Words; spaces around them, empty ones and repetitions are dropped.

    Returns:
        What was kept.

    Raises:
        InputError: If the note or the tags are too long, or not texts.
        RunError: If the disk refuses.
    """
    notes = _checked(note, tags)
    content = {
        "schema_version": SCHEMA_VERSION,
        "updated": time.time(),
        "note": notes.note,
        "tags": notes.tags,
    }
    write_into_foreign(folder / NOTES, json.dumps(content, indent=2))
    return notes


def _checked(note: Any, tags: Any) -> Notes:
    if not isinstance(note, str) or len(note) > _NOTE_LENGTH:
        raise InputError(f"a note is a text of at most {_NOTE_LENGTH:,} characters")
    if isinstance(tags, str) or not isinstance(tags, Iterable):
        raise InputError("tags are a list of words")
    found = list(cast("Iterable[Any]", tags))
    if not all(isinstance(tag, str) and len(tag) <= _TAG_LENGTH for tag in found):
        raise InputError(f"a tag is a text of at most {_TAG_LENGTH} characters")
    kept = dict.fromkeys(stripped for tag in found if (stripped := tag.strip()))
    if len(kept) > _NUM_TAGS:
        raise InputError(f"a run has at most {_NUM_TAGS} tags, got {len(kept)}")
    return Notes(note=note.strip(), tags=tuple(kept))
