"""Folders of image files, one sub-folder for each class."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Int64
from torch import Tensor

from headway.data.decoding import ImageMode
from headway.data.sources.image_files import (
    ImageFacts,
    check_common_size,
    common_mode,
    inspect_images,
    load_images,
)
from headway.data.sources.source import Source, SourceOptions
from headway.data.sources.targets import why_too_few_classes
from headway.data.splits import ArraySplit, FileSplit, Split
from headway.errors import DataError, did_you_mean

_PARTS = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
# Left by operating systems and archivers; never a class and never an image.
_LITTER = ("Thumbs.db", "desktop.ini", "__MACOSX")
_MAX_MEMORY_BYTES = 2**30
_BAD_DATA = "mend or remove what is listed, or leave it out with --bad-data skip"


@dataclass(frozen=True, slots=True)
class _Sample:
    path: Path
    label: int
    part: str


def read_image_folder(path: Path, options: SourceOptions, name: str) -> Source:
    """Read `path/CLASS/**/FILE`, or the same below path/train, path/val and path/test.

    Files are listed in the order of their names, classes numbered in the order of theirs.
    Small sets are decoded into memory, large ones stay files.

    Args:
        path: The folder.
        options: Size, channels, what to do about bad files and where to keep the images.
        name: What the source is called.

    Raises:
        DataError: If classes are missing or empty, or files are unreadable or unlike.
    """
    folders = _part_folders(path)
    classes = tuple(folder.name for folder in _sub_folders(folders["train"]))
    _check_classes(folders, classes)
    samples = [s for part in folders for s in _list_samples(folders[part], part, classes)]
    samples, facts, skipped = _inspect_samples(samples, options, name)
    mode = _common_look(samples, facts, options)
    if _is_kept_in_memory(facts, mode, options):
        splits, more = _load_samples(samples, mode, options, name)
        skipped += more
    else:
        splits = _file_splits(samples, mode, options)
    _check_filled(splits, classes, folders)
    return Source(
        name=name,
        kind="image",
        task="classification",
        classes=classes,
        train=splits["train"],
        val=splits.get("val"),
        test=splits.get("test"),
        skipped=skipped,
        untrainable=why_too_few_classes(classes, name),
    )


def _part_folders(path: Path) -> dict[str, Path]:
    """Return the folder of each part; the folder itself where it is not divided."""
    folders: dict[str, Path] = {}
    for folder in _sub_folders(path):
        part = _PARTS.get(folder.name.lower())
        if part in folders:
            raise DataError(f"{folders[part]} and {folder} are both {part} data; keep one")
        if part is not None:
            folders[part] = folder
    is_divided = "train" in folders and bool(_sub_folders(folders["train"]))
    return folders if is_divided else {"train": path}


def _sub_folders(path: Path) -> list[Path]:
    return sorted(
        folder for folder in path.iterdir() if folder.is_dir() and _is_wanted(folder.name)
    )


def _is_wanted(name: str) -> bool:
    return not name.startswith(".") and name not in _LITTER


def _check_classes(folders: Mapping[str, Path], classes: Sequence[str]) -> None:
    for folder in folders.values():
        found = [sub.name for sub in _sub_folders(folder)]
        if not found:
            raise DataError(
                f"{folder}: has no class folders; put the images of each class into a "
                "folder with its name, or give a file"
            )
        for other in found:
            if other not in classes:
                raise DataError(
                    f"{folder / other}: class {other!r} is not among the training classes "
                    f"({len(classes)} folders in {folders['train']})."
                    f"{did_you_mean(other, classes)}"
                )


def _list_samples(folder: Path, part: str, classes: Sequence[str]) -> list[_Sample]:
    samples: list[_Sample] = []
    for class_folder in _sub_folders(folder):
        files = _list_files(class_folder)
        if not files:
            raise DataError(
                f"{class_folder}: the class folder is empty; add images or remove it"
            )
        label = classes.index(class_folder.name)
        samples += [_Sample(file, label, part) for file in files]
    return samples


def _list_files(folder: Path) -> list[Path]:
    files: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if _is_wanted(name))
        files += [Path(parent, name) for name in sorted(names) if _is_wanted(name)]
    return files


def _inspect_samples(
    samples: list[_Sample], options: SourceOptions, name: str
) -> tuple[list[_Sample], list[ImageFacts], tuple[str, ...]]:
    results = inspect_images([sample.path for sample in samples])
    faults = {i: result for i, result in enumerate(results) if isinstance(result, str)}
    if len(faults) == len(samples):
        raise DataError(
            f"{name}: none of the {len(samples)} files is an image, such as "
            f"{samples[0].path}: {faults[0]}"
        )
    lines = _report_faults(
        {samples[i].path: fault for i, fault in faults.items()}, options, name
    )
    kept = [sample for i, sample in enumerate(samples) if i not in faults]
    return kept, [result for result in results if not isinstance(result, str)], lines


def _report_faults(
    faults: Mapping[Path, str], options: SourceOptions, name: str
) -> tuple[str, ...]:
    lines = tuple(f"{path}: {fault}" for path, fault in faults.items())
    if lines and options.bad_data == "error":
        listed = "".join(f"\n  {line}" for line in lines)
        number = f"{len(lines)} unreadable file{'s' * (len(lines) > 1)}"
        raise DataError(f"{name}: {number}; {_BAD_DATA}:{listed}")
    return lines


def _common_look(
    samples: Sequence[_Sample], facts: Sequence[ImageFacts], options: SourceOptions
) -> ImageMode:
    paths = [sample.path for sample in samples]
    mode = common_mode(paths, facts, options.channels)
    if options.image_size is None:
        check_common_size(paths, facts)
    return mode


def _is_kept_in_memory(
    facts: Sequence[ImageFacts], mode: ImageMode, options: SourceOptions
) -> bool:
    if options.in_memory != "auto":
        return options.in_memory
    side = options.image_size
    pixels = facts[0].width * facts[0].height if side is None else side * side
    return len(facts) * pixels * (1 if mode == "L" else 3) <= _MAX_MEMORY_BYTES


def _load_samples(
    samples: Sequence[_Sample], mode: ImageMode, options: SourceOptions, name: str
) -> tuple[dict[str, Split], tuple[str, ...]]:
    splits: dict[str, Split] = {}
    faults: dict[Path, str] = {}
    for part, members in _by_part(samples).items():
        paths = [sample.path for sample in members]
        images, bad = load_images(paths, mode, options.image_size)
        faults |= {paths[i]: fault for i, fault in bad.items()}
        split = ArraySplit(images, _labels(members))
        good = torch.tensor(
            [i for i in range(len(paths)) if i not in bad], dtype=torch.int64
        )
        splits[part] = split.select(good) if bad else split
    return splits, _report_faults(faults, options, name)


def _file_splits(
    samples: Sequence[_Sample], mode: ImageMode, options: SourceOptions
) -> dict[str, Split]:
    return {
        part: FileSplit(
            tuple(sample.path for sample in members),
            _labels(members),
            mode,
            options.image_size,
        )
        for part, members in _by_part(samples).items()
    }


def _by_part(samples: Sequence[_Sample]) -> dict[str, list[_Sample]]:
    parts: dict[str, list[_Sample]] = {}
    for sample in samples:
        parts.setdefault(sample.part, []).append(sample)
    return parts


def _labels(samples: Sequence[_Sample]) -> Int64[Tensor, " samples"]:
    return torch.tensor([sample.label for sample in samples], dtype=torch.int64)


def _check_filled(
    splits: Mapping[str, Split], classes: Sequence[str], folders: Mapping[str, Path]
) -> None:
    """Refuse a class or a part of which every file was left out."""
    for part, folder in folders.items():
        if part not in splits or len(splits[part]) == 0:
            raise DataError(f"{folder}: no readable image is left")
    counts = torch.bincount(splits["train"].targets, minlength=len(classes))
    for class_name, count in zip(classes, counts.tolist(), strict=True):
        if count == 0:
            raise DataError(
                f"{folders['train'] / class_name}: no readable image is left in this class"
            )
