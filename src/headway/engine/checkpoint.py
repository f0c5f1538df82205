"""Checkpoints: one safetensors file each, whole or absent, never code.

Tensors are stored as such; everything else is JSON in the file's header, together with a
checksum of the tensors. A file is written under a temporary name, forced to disk and renamed,
so a crash at any moment leaves either the old set of files or the new one.
"""

import errno
import json
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from headway.errors import CheckpointError

FORMAT_VERSION = 1
_NAME = re.compile(r"step-(\d+)\.safetensors")
_TENSOR_KEY = "__tensor__"


def save(tree: Any, path: Path) -> None:
    """Write `tree` (dicts, lists, numbers, strings and tensors) to `path` atomically.

    Raises:
        CheckpointError: If the file cannot be written; an older file at `path` stays.
    """
    tensors: dict[str, Tensor] = {}
    skeleton = _take_tensors(tree, "", tensors)
    header = {
        "format": "headway",
        "version": str(FORMAT_VERSION),
        "checksum": _checksum(tensors),
        "tree": json.dumps(skeleton),
    }
    temporary = path.with_name(f".{path.name}.writing")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, temporary, metadata=header)
        _sync(temporary)
        temporary.replace(path)
        if os.name == "posix":  # elsewhere a folder cannot be opened
            _sync(path.parent)
    except (OSError, SafetensorError) as error:
        _remove_quietly(temporary)
        raise CheckpointError(_why_not_written(path, error)) from error


def load(path: Path) -> Any:
    """Read the tree that `save` wrote; tensors come on the CPU.

    Raises:
        CheckpointError: If the file is absent, cut short, altered or of a newer format.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} is not a whole checkpoint: {error}") from error
    if header.get("format") != "headway":
        raise CheckpointError(f"{path} was not written by headway")
    if int(header["version"]) > FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has format {header['version']}, this headway reads up to "
            f"{FORMAT_VERSION}; install a newer headway"
        )
    if header["checksum"] != _checksum(tensors):
        raise CheckpointError(
            f"{path} was altered after it was written: its checksum differs"
        )
    return _put_tensors(json.loads(header["tree"]), tensors)


def step_path(folder: Path, step: int) -> Path:
    """Return where the checkpoint of `step` lies in `folder`."""
    return folder / f"step-{step:09d}.safetensors"


def newest_first(folder: Path) -> list[Path]:
    """Return the checkpoints of `folder`, newest step first, damaged ones too."""
    found = [
        (int(m[1]), path) for path in _files(folder) if (m := _NAME.fullmatch(path.name))
    ]
    return [path for _, path in sorted(found, reverse=True)]


def remove_older(folder: Path, *, keep: int) -> None:
    """Remove all but the newest `keep` checkpoints, and what a crash left half written."""
    for path in newest_first(folder)[keep:]:
        path.unlink(missing_ok=True)
    for path in _files(folder):
        if path.name.endswith(".writing"):
            path.unlink(missing_ok=True)


def load_newest(folder: Path) -> tuple[Path, Any, list[str]]:
    """Return path and tree of the newest whole checkpoint, and what was wrong with newer ones.

    Raises:
        CheckpointError: If there is no whole checkpoint.
    """
    problems: list[str] = []
    for path in newest_first(folder):
        try:
            return path, load(path), problems
        except CheckpointError as error:
            problems.append(str(error))
    if not problems:
        raise CheckpointError(
            f"{folder} holds no checkpoint; `headway resume` trains that run from its start"
        )
    listed = "".join(f"\n  {problem}" for problem in problems)
    raise CheckpointError(
        f"{folder} holds no whole checkpoint; restore one from a copy or train anew:{listed}"
    )


def _files(folder: Path) -> Iterator[Path]:
    return folder.iterdir() if folder.is_dir() else iter(())


def _take_tensors(tree: Any, prefix: str, tensors: dict[str, Tensor]) -> Any:
    """Return `tree` with its tensors moved to `tensors`, each replaced by its name."""
    if isinstance(tree, Tensor):
        # A copy of its own for each name: safetensors refuses shared memory.
        tensors[prefix] = tree.detach().to("cpu", copy=True).contiguous()
        return {_TENSOR_KEY: prefix}
    if isinstance(tree, dict):
        items = cast(dict[Any, Any], tree).items()
        pairs = [
            [key, _take_tensors(value, f"{prefix}/{key}", tensors)] for key, value in items
        ]
        return {"__dict__": pairs}
    if isinstance(tree, list | tuple):
        values = cast(list[Any], tree)
        return [_take_tensors(v, f"{prefix}/{i}", tensors) for i, v in enumerate(values)]
    return tree


def _put_tensors(skeleton: Any, tensors: dict[str, Tensor]) -> Any:
    """Undo `_take_tensors`."""
    if isinstance(skeleton, list):
        return [_put_tensors(value, tensors) for value in cast(list[Any], skeleton)]
    if not isinstance(skeleton, dict):
        return skeleton
    entry = cast(dict[str, Any], skeleton)
    if _TENSOR_KEY in entry:
        return tensors[entry[_TENSOR_KEY]]
    return {key: _put_tensors(value, tensors) for key, value in entry["__dict__"]}


def _checksum(tensors: dict[str, Tensor]) -> str:
    """Return a checksum over names and bytes; it finds damage, not malice."""
    total = 0
    for name in sorted(tensors):
        total = zlib.crc32(name.encode(), total)
        flat = tensors[name].reshape(-1).view(torch.uint8)
        total = zlib.crc32(cast(Any, flat.numpy()), total)
    return f"{total:08x}"


def _sync(path: Path) -> None:
    """Force a file or a folder's list of names to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_quietly(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # the folder itself is the problem, and the caller reports that


def _why_not_written(path: Path, error: Exception) -> str:
    code = _error_number(error)
    if code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        why, mend = "the disk is full", "free some space"
    elif code in (errno.EROFS, errno.EACCES, errno.EPERM):
        why, mend = "the folder is read-only", "make it writable"
    else:
        why, mend = str(error), "mend that"
    return (
        f"cannot write {path}: {why}. Older checkpoints are kept; {mend}, then continue with "
        "`headway resume`"
    )


def _error_number(error: Exception) -> int | None:
    if isinstance(error, OSError):
        return error.errno
    # safetensors gives the number of the system's error in its text alone
    found = re.search(r"os error (\d+)", str(error))
    return int(found[1]) if found else None
