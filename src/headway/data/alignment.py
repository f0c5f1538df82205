"""Makes a source fit a network that was trained on another one."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float32, Int64, Shaped
from torch import Tensor

from headway.data.info import DataInfo
from headway.data.sources.columns import (
    feature_name,
    group_categories,
    listed,
    missing_column,
    unseen_category,
)
from headway.data.sources.source import Source
from headway.data.splits import ArraySplit, Split
from headway.data.text import encode_split
from headway.data.text_split import TextSplit
from headway.errors import DataError, did_you_mean

Features = Float32[Tensor, "rows _"]


def align_source(source: Source, info: DataInfo) -> Source:
    """Return every part of a source as a network expects it that was trained on other data.

    Classes are renumbered by name, where "03" and "3.0" are the class "3"; some may be
    absent. The columns of a table, its labels and its values to predict are put in order by
    name; columns that were not there in training are left out. Arrays have no names of
    columns: theirs are taken in their order.

    Args:
        source: The other data.
        info: What the network was trained on.

    Raises:
        DataError: If the inputs have another shape or type, a column is missing, or a class
            or a word is none that the network knows.

    Example:
        >>> from headway.data import prepare_data, read_source
        >>> source = read_source("digits")
        >>> splits = prepare_data(source, val_fraction=0.1, test_fraction=0.2, split_seed=0)
        >>> len(align_source(source, splits.info).train)
        1797
    """
    if (source.kind, source.task) != (info.kind, info.task):
        raise DataError(
            f"{source.name}: holds {source.kind} data for {source.task}, and the network "
            f"was trained on {info.kind} data for {info.task} ({info.name})"
        )
    return replace(
        source,
        classes=info.classes,
        target_names=info.target_names,
        feature_names=info.feature_names,
        train=_align_split(source.train, source, info),
        val=None if source.val is None else _align_split(source.val, source, info),
        test=None if source.test is None else _align_split(source.test, source, info),
    )


def describe_images(shape: Sequence[int], dtype: str) -> str:
    """Return the shape and type of images in words."""
    channels, height, width = shape
    return f"{channels} channel{'s' * (channels > 1)}, {width}x{height} pixels, {dtype}"


def check_num_features(where: object, number: int, info: DataInfo) -> None:
    """Raise a DataError if samples have not as many features as those of the training."""
    if (number,) != info.input_shape:
        raise DataError(
            f"{where}: has {number} features, and the network was trained on "
            f"{info.input_shape[0]} ({info.name})"
        )


def _align_split(split: Split, source: Source, info: DataInfo) -> Split:
    if isinstance(split, TextSplit):
        return encode_split(split.tokens, info.classes, split.window)
    if info.kind in ("tokens", "sequence"):
        return _align_sequences(split, source, info)
    targets = _align_targets(split.targets, source, info)
    if info.kind == "image":
        _check_images(split, source, info)
        return replace(split, targets=targets)
    assert isinstance(split, ArraySplit)
    return ArraySplit(_align_features(split.inputs, source, info), targets)


def _align_sequences(split: Split, source: Source, info: DataInfo) -> Split:
    # Made by the rule of the training, so that classes and channels are the same; the length
    # alone may be another.
    if source.classes != info.classes or split.input_shape[1:] != info.input_shape[1:]:
        raise DataError(
            f"{source.name}: its sequences are of another kind than {info.name}, which the "
            "network was trained on"
        )
    return split


def _check_images(split: Split, source: Source, info: DataInfo) -> None:
    if (split.input_shape, split.dtype) == (info.input_shape, info.dtype):
        return
    channels, height, width = info.input_shape
    hint = ""
    if split.dtype == info.dtype == "uint8" and height == width and channels in (1, 3):
        hint = (
            f"; image files are made to fit with --set data.image_size={height} "
            f"data.channels={channels}"
        )
    raise DataError(
        f"{source.name}: has images of {describe_images(split.input_shape, split.dtype)}, "
        f"and the network was trained on {describe_images(info.input_shape, info.dtype)} "
        f"({info.name}){hint}"
    )


def _align_targets(
    targets: Shaped[Tensor, "samples *outputs"], source: Source, info: DataInfo
) -> Shaped[Tensor, "samples *outputs"]:
    if info.task == "classification":
        return _class_numbers(source, info)[targets]
    return targets[:, _target_order(source, info)]


def _class_numbers(source: Source, info: DataInfo) -> Int64[Tensor, " classes"]:
    """Return the number that the network gives to each class of the source."""
    known = dict(zip(map(_as_number, info.classes), range(len(info.classes)), strict=True))
    known |= dict(zip(info.classes, range(len(info.classes)), strict=True))
    numbers: list[int] = []
    for name in source.classes:
        number = known.get(name, known.get(_as_number(name)))
        if number is None:
            raise DataError(
                f"{source.name}: has samples of class {name!r}, which the network was not "
                f"trained on ({info.name}); it knows {listed(info.classes)}."
                f"{did_you_mean(name, info.classes)}"
            )
        numbers.append(number)
    return torch.tensor(numbers, dtype=torch.int64)


def _as_number(name: str) -> int | str:
    """Return the whole number that a name stands for, or the name."""
    return int(name.partition(".")[0]) if re.fullmatch(r"-?\d+(\.0*)?", name) else name


def _target_order(source: Source, info: DataInfo) -> list[int]:
    """Return the column of the source for each label or value of the network."""
    found = source.classes or source.target_names
    wanted = info.classes or info.target_names
    is_named = bool(source.feature_names and info.feature_names)
    if len(found) != len(wanted) or (is_named and set(found) != set(wanted)):
        hint = f"; name them with --set data.target={','.join(wanted)}"
        raise DataError(
            f"{source.name}: its targets are {listed(found)}, and those of the network are "
            f"{listed(wanted)} ({info.name}){hint * is_named}"
        )
    return [found.index(name) for name in wanted] if is_named else list(range(len(wanted)))


def _align_features(inputs: Features, source: Source, info: DataInfo) -> Features:
    wanted = info.feature_names
    if not source.feature_names or not wanted:
        check_num_features(source.name, inputs.shape[1], info)
        return inputs
    inputs, names = _spell_out(inputs, source, group_categories(wanted))
    _check_columns(names, wanted, source.name)
    place = {name: column for column, name in enumerate(names)}
    there = [column for column, name in enumerate(wanted) if name in place]
    aligned = inputs.new_zeros(len(inputs), len(wanted))
    aligned[:, there] = inputs[:, [place[wanted[column]] for column in there]]
    return aligned


def _spell_out(
    inputs: Features, source: Source, known: dict[str, list[str]]
) -> tuple[Features, list[str]]:
    """Turn numbers into one column of 0 and 1 for each, where the training saw words.

    A column of words such as "2" and "3+" may happen to hold nothing but numbers here.
    """
    blocks: list[Tensor] = []
    names: list[str] = []
    for column, name in zip(inputs.T, source.feature_names, strict=True):
        if name not in known:
            blocks.append(column[:, None])
            names.append(name)
            continue
        values = column.unique()
        words = [np.format_float_positional(v, trim="-") for v in values.numpy()]
        for word in words:
            if word not in known[name]:
                raise unseen_category(source.name, name, word, known[name])
        blocks.append((column[:, None] == values).float())
        names += [feature_name(name, word) for word in words]
    return torch.cat(blocks, dim=1), names


def _check_columns(names: Sequence[str], wanted: Sequence[str], where: str) -> None:
    columns = dict.fromkeys(name.partition("=")[0] for name in names)
    there, found, known = set(names), group_categories(names), group_categories(wanted)
    for name in wanted:
        column, equals, _ = name.partition("=")
        if name in there or (equals and column in found):
            continue
        if column in found:
            raise DataError(
                f"{where}: column {column!r} holds words, such as {found[column][0]!r}; "
                "the network was trained on numbers there"
            )
        raise missing_column(where, column, columns)
    for column, categories in found.items():
        for category in categories:
            if category not in known.get(column, categories):
                raise unseen_category(where, column, category, known[column])
