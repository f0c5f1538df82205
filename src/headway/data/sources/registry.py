"""Finds out what a user's word for a data source means, and reads it."""

from pathlib import Path

from headway.data.sources import named
from headway.data.sources.arrays import source_from_arrays
from headway.data.sources.digits import read_digits
from headway.data.sources.idx import find_idx_folder, idx_prefix, read_idx_folder
from headway.data.sources.image_folder import read_image_folder
from headway.data.sources.numpy_files import find_npy_files, read_npy, read_npz
from headway.data.sources.source import Source, SourceOptions
from headway.data.sources.synthetic import RULES, is_synthetic, read_synthetic
from headway.data.sources.text import PREFIX, read_text
from headway.data.splits import ArraySplit
from headway.errors import DataError, did_you_mean

_TABLES = (".csv", ".tsv", ".parquet")
_KINDS = (
    "a folder with one sub-folder of images for each class, .npz, .npy, idx files, .csv, "
    ".tsv or .parquet"
)
_NO_OPTIONS = SourceOptions()


def list_sources() -> tuple[str, ...]:
    """Return the names of the sources that are known by name.

    Example:
        >>> list_sources()[:5]
        ('digits', 'mnist', 'fashion-mnist', 'emnist-letters', 'cifar10')
    """
    return ("digits", *named.NAMES, *RULES)


def read_source(spec: str, options: SourceOptions = _NO_OPTIONS) -> Source:
    """Read a data source by its name or its path.

    Args:
        spec: A name of `list_sources`, or the path of a folder of images, an .npz, .npy,
            idx, CSV or Parquet file, or a folder of .npy or idx files; text:FILE for a text.
            Names win over paths: ./mnist is a folder called mnist. The length of made
            sequences may follow their name: adding:100.
        options: What may be asked of the source.

    Raises:
        DataError: If there is no such source, or its data are damaged or do not fit.

    Example:
        >>> source = read_source("digits")
        >>> len(source.train), source.train.input_shape
        (1797, (1, 8, 8))
    """
    if spec == "digits":
        source = read_digits()
    elif spec in named.NAMES:
        source = named.read_named(spec, options)
    elif is_synthetic(spec):
        source = read_synthetic(spec)
    elif spec.startswith(PREFIX):
        source = read_text(spec, options)
    else:
        source = _read_path(spec, Path(spec).expanduser(), options)
    _check_options(source, options)
    return source


def _read_path(spec: str, path: Path, options: SourceOptions) -> Source:
    try:
        if path.is_dir():
            return _read_folder(spec, path, options)
        if path.is_file():
            return _read_file(spec, path, options)
        if files := find_npy_files(path):
            return source_from_arrays(spec, read_npy(files, path), task=options.task)
        raise _not_found(spec, path)
    except PermissionError as error:
        raise DataError(f"{error.filename}: permission denied; make it readable") from error


def _read_folder(spec: str, path: Path, options: SourceOptions) -> Source:
    if (folder := find_idx_folder(path)) is not None:
        return source_from_arrays(spec, read_idx_folder(folder), task=options.task)
    if files := find_npy_files(path):
        return source_from_arrays(spec, read_npy(files, path), task=options.task)
    return read_image_folder(path, options, spec)


def _read_file(spec: str, path: Path, options: SourceOptions) -> Source:
    suffix = path.suffix.lower()
    if suffix in _TABLES:
        # Slow to import and needed here only.
        from headway.data.sources.tables import read_table

        return read_table(path, options, spec)
    if suffix == ".npz":
        return source_from_arrays(spec, read_npz(path), task=options.task)
    if suffix == ".npy":
        return source_from_arrays(
            spec, read_npy(find_npy_files(path), path), task=options.task
        )
    if (prefix := idx_prefix(path)) is not None:
        parts = read_idx_folder(path.parent, prefix)
        return source_from_arrays(spec, parts, task=options.task)
    raise DataError(
        f"{spec}: not a kind of file that can be trained on; expected {_KINDS}, or "
        f"text:{spec} to learn a text"
    )


def _not_found(spec: str, path: Path) -> DataError:
    names = list_sources()
    if path.parent == Path() and (guess := did_you_mean(spec, names)):
        return DataError(f"there is no data source or path {spec!r}.{guess}")
    above = next(folder for folder in path.absolute().parents if folder.is_dir())
    missing = path.absolute().relative_to(above).parts[0]
    guess = did_you_mean(missing, [entry.name for entry in above.iterdir()])
    return DataError(
        f"there is no path {spec!r}: {above} has no {missing!r}.{guess} Sources known by "
        f"name are {', '.join(names)}"
    )


def _check_options(source: Source, options: SourceOptions) -> None:
    """Refuse what was asked for and cannot be had."""
    if options.task not in ("auto", source.task):
        raise DataError(
            f"{source.name}: its targets are for {source.task}, not for "
            f"task.kind={options.task}; leave task.kind out"
        )
    if options.target is not None and not source.feature_names:
        raise DataError(
            f"{source.name}: has no columns, so data.target={options.target} means "
            "nothing; leave it out"
        )
    if isinstance(source.train, ArraySplit):
        _check_shape(source, options)


def _check_shape(source: Source, options: SourceOptions) -> None:
    shape = source.train.input_shape
    for setting, value, sides in (
        ("image_size", options.image_size, shape[1:]),
        ("channels", options.channels, shape[:1]),
    ):
        if value is not None and (source.kind != "image" or set(sides) != {value}):
            raise DataError(
                f"{source.name}: data.{setting}={value} changes image files only, and its "
                f"samples have shape {shape}; leave it out"
            )
