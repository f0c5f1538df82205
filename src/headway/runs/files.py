"""Writing files so that a failure leaves the old ones and says what to do."""

import contextlib
import errno
import os
from pathlib import Path

from headway.errors import RunError

_FULL = (
    "The disk or the quota is full. What was written before is kept: free some space and "
    "continue with `headway resume`."
)
_READ_ONLY = "Make the folder writable or choose another one with --out."
_IN_THE_WAY = "A file is where a folder is needed: choose another folder with --out."
_REMEDIES = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.ENOTDIR: _IN_THE_WAY,
    errno.EEXIST: _IN_THE_WAY,
}


def write_error(path: Path, error: OSError) -> RunError:
    """Return the error that names `path`, the fault and what to do about it."""
    remedy = _REMEDIES.get(error.errno or 0, "Check the disk that holds it.")
    return RunError(f"cannot write {path}: {error.strerror or error}. {remedy}")


def make_folder(folder: Path) -> None:
    """Create `folder` and its parents where they are missing.

    Raises:
        RunError: If the disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from error


def write_atomically(path: Path, text: str) -> None:
    """Write `text` to `path` so that a reader sees the old content or the new one, whole.

    Raises:
        RunError: If the disk refuses; the old content is then still there.
    """
    temporary = _temporary(path)
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise write_error(path, error) from error


def write_into_foreign(path: Path, text: str) -> None:
    """Write as `write_atomically`, into a folder that anyone may have filled.

    A link that waits there for the text would lead it to another file.

    Raises:
        RunError: If the disk refuses; the old content is then still there.
    """
    try:
        _temporary(path).unlink(missing_ok=True)
    except OSError as error:
        raise write_error(path, error) from error
    write_atomically(path, text)


def _temporary(path: Path) -> Path:
    return path.with_name(f"{path.name}.tmp")
