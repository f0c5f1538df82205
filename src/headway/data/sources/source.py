"""What a source gives, and what may be asked of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from headway.data.info import InputKind, TaskKind
from headway.data.splits import Split
from headway.errors import DataError


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A data source that was read and checked.

    Attributes:
        name: How the user named it.
        kind: As in `DataInfo`.
        task: What the targets are good for.
        classes: Class names in label order; label names for multilabel; () for regression.
        target_names: Names of the regression targets; () otherwise.
        feature_names: Names of the columns of the inputs of a table; () otherwise.
        train: Every sample that is not in `val` or `test`.
        val: The source's own validation samples, or None.
        test: The source's own test samples, or None.
        skipped: What was left out and why, one line each.
        untrainable: Why nothing can be learned from it, or "". A trained network may be
            measured on such a source all the same, for example on samples of one class.
    """

    name: str
    kind: InputKind
    task: TaskKind
    classes: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    train: Split
    val: Split | None = None
    test: Split | None = None
    skipped: tuple[str, ...] = ()
    untrainable: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceOptions:
    """What may be asked of a source.

    Attributes:
        root: Folder in which the named sets lie.
        download: Whether a named set that is absent may be downloaded into `root`.
        target: Column of a table to predict; several with commas between.
        task: What the targets are good for; "auto" decides by their type.
        bad_data: Whether unreadable images and rows with missing values are an error or are
            left out and reported.
        image_size: Side of the square that image files are resized and cropped to.
        channels: 1 or 3 to make image files gray or colored; None keeps what they are.
        in_memory: Whether image files are decoded once and kept; "auto" keeps up to 1 GiB.
        window: Characters of a text that make one sample.

    Raises:
        DataError: If `channels` or `image_size` is out of range.
    """

    root: Path = Path("data")
    download: bool = False
    target: str | None = None
    task: Literal["auto"] | TaskKind = "auto"
    bad_data: Literal["error", "skip"] = "error"
    image_size: int | None = None
    channels: int | None = None
    in_memory: Literal["auto"] | bool = "auto"
    window: int = 128

    def __post_init__(self) -> None:
        if self.channels not in (None, 1, 3):
            raise DataError(f"data.channels must be 1 or 3, got {self.channels}")
        if self.image_size is not None and self.image_size < 1:
            raise DataError(f"data.image_size must be 1 or more, got {self.image_size}")
