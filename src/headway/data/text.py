"""Divides a text, and numbers its characters by those of the part to learn from."""

from dataclasses import dataclass

import torch
from jaxtyping import Int64
from torch import Tensor

from headway.data.text_split import TextSplit
from headway.errors import DataError

# What stands for every character that the training part does not have.
UNKNOWN = "\N{REPLACEMENT CHARACTER}"

CodePoints = Int64[Tensor, " length"]


@dataclass(frozen=True, slots=True)
class TextParts:
    """A divided text.

    Attributes:
        characters: What the numbers stand for; the first is `UNKNOWN`.
        train: What comes first.
        val: What follows, or None.
        test: What comes last, or None.
    """

    characters: tuple[str, ...]
    train: TextSplit
    val: TextSplit | None
    test: TextSplit | None


def code_points(text: str) -> CodePoints:
    """Return the characters of a text as numbers of Unicode."""
    raw = bytearray(text.encode("utf-32-le"))
    return torch.frombuffer(raw, dtype=torch.int32).long()


def encode_characters(points: CodePoints, characters: tuple[str, ...]) -> CodePoints:
    """Return the number of each character in `characters`, 0 for those that are not there.

    Example:
        >>> encode_characters(code_points("abc"), (UNKNOWN, "a", "c")).tolist()
        [1, 0, 2]
    """
    known = torch.tensor([ord(character) for character in characters[1:]])
    places = torch.searchsorted(known, points).clamp(max=len(known) - 1)
    return torch.where(known[places] == points, places + 1, 0)


def divide_text(
    split: TextSplit, name: str, *, val_fraction: float, test_fraction: float
) -> TextParts:
    """Cut a text into three stretches: the first to learn from, the last to test on.

    Neighbouring windows of a text know much of each other, so that the parts are whole
    stretches, and no seed takes part in the division.

    Args:
        split: The whole text in code points.
        name: What messages call it.
        val_fraction: Share of the characters to choose by; 0 for none.
        test_fraction: Share of the characters to hold out; 0 for none.

    Raises:
        DataError: If a part would be shorter than a window, or the training part has one
            character only.
    """
    length, window = len(split.tokens), split.window
    num_val, num_test = round(val_fraction * length), round(test_fraction * length)
    sizes = {"training": length - num_val - num_test, "val": num_val, "test": num_test}
    for part, size in sizes.items():
        is_wanted = part == "training" or size > 0
        if is_wanted and size <= window:
            raise DataError(
                f"{name}: its {length} characters leave {max(size, 0)} for the {part} "
                f"part, and a window of {window} needs {window + 1}; give a longer text, "
                "lower data.window or change data.val_fraction and data.test_fraction"
            )
    train, val, test = split.tokens.split(list(sizes.values()))
    found = train.unique().tolist()
    characters = (UNKNOWN, *(chr(point) for point in found if chr(point) != UNKNOWN))
    if len(characters) < 3:
        raise DataError(
            f"{name}: its training part holds nothing but {chr(found[0])!r}, so there is "
            "nothing to learn"
        )
    return TextParts(
        characters,
        encode_split(train, characters, window),
        encode_split(val, characters, window) if num_val else None,
        encode_split(test, characters, window) if num_test else None,
    )


def encode_split(points: CodePoints, characters: tuple[str, ...], window: int) -> TextSplit:
    """Return a stretch of text in code points as one of the numbers in `characters`."""
    return TextSplit.cut(encode_characters(points, characters), window)
