"""Changes that move whole pixels and compute none: mirroring, shifts, blanked squares."""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Bool, Int64, Shaped, UInt8
from torch import Tensor

Images = Shaped[Tensor, "batch channels height width"]

# From this size of an image on, copying slices sample by sample is faster on a CPU than
# gathering all images at once (measured at 3x32x32 to 3x224x224, uint8).
_SLICES_FROM_BYTES = 3 * 128 * 128


@dataclass(frozen=True, slots=True)
class Hole:
    """A square that is blanked in every image, clipped at the borders.

    Attributes:
        row: Row of the square's centre; of an even side, the lower of the two middle rows.
        column: Column of the square's centre, likewise.
        size: Side of the square.
    """

    row: Int64[Tensor, " batch"]
    column: Int64[Tensor, " batch"]
    size: int


@dataclass(frozen=True, slots=True)
class Moves:
    """What happens to every image, in this order; None leaves a step out.

    Attributes:
        is_mirrored: Where left and right change places.
        is_upside_down: Where top and bottom change places.
        down: Row that becomes the first one, negative where rows of zeros come before it.
        right: Column that becomes the first one, likewise.
        hole: The square that is blanked.
    """

    is_mirrored: Bool[Tensor, " batch"] | None = None
    is_upside_down: Bool[Tensor, " batch"] | None = None
    down: Int64[Tensor, " batch"] | None = None
    right: Int64[Tensor, " batch"] | None = None
    hole: Hole | None = None

    @property
    def is_identity(self) -> bool:
        """True where no step is left."""
        return self.moves_nothing and self.hole is None

    @property
    def moves_nothing(self) -> bool:
        """True where every pixel stays in its place."""
        moves = (self.is_mirrored, self.is_upside_down, self.down, self.right)
        return all(move is None for move in moves)


def move_images(images: Images, moves: Moves) -> Images:
    """Return the images after `moves`, in new memory unless there is nothing to do.

    Args:
        images: Of any type.
        moves: What to do with every image.

    Example:
        >>> images = torch.arange(1, 5).view(1, 1, 2, 2)
        >>> move_images(images, Moves(is_mirrored=torch.tensor([True]))).flatten().tolist()
        [2, 1, 4, 3]
    """
    if moves.is_identity:
        return images
    num_bytes = math.prod(images.shape[1:]) * images.element_size()
    if images.device.type == "cpu" and num_bytes >= _SLICES_FROM_BYTES:
        return _by_slices(images, moves)
    if moves.moves_nothing:
        return images * _visible(images, moves)
    moved = _gather_images(images, moves)
    if moves.down is None and moves.right is None and moves.hole is None:
        return moved
    return moved.mul_(_visible(images, moves))


def _gather_images(images: Images, moves: Moves) -> Images:
    """Return moved images; what comes from beyond the border is of other rows or images.

    A shift moves all pixels of an image by the same distance in memory. So a moved image is
    one run of bytes, and through overlapping strides any run is one row of a matrix: rows
    are what index_select copies fastest.
    """
    height, width = images.shape[2:]
    margin, length = _margin(images), math.prod(images.shape[1:])
    source, variants = _source(images, moves)
    runs = source.as_strided((len(source) - length + 1, length), (1, 1))
    end = margin + images.numel()
    start = torch.arange(margin, end, length, device=images.device)
    if variants is not None:
        start = start + variants * images.numel()
    if moves.down is not None:
        start = start + moves.down.clamp(-height, height) * width
    if moves.right is not None:
        start = start + moves.right.clamp(-width, width)
    return runs.index_select(0, start).view(images.shape)


def _source(
    images: Images, moves: Moves
) -> tuple[Shaped[Tensor, " pixels"], Int64[Tensor, " batch"] | None]:
    """Return the images and their mirror images one after the other, with zeros around.

    Returns:
        The pixels, and the number of the copy that each image is taken from.
    """
    axes: list[tuple[int, ...]] = [()]
    variants = None
    for axis, flips in ((3, moves.is_mirrored), (2, moves.is_upside_down)):
        if flips is not None:
            number = flips.long() * len(axes)
            variants = number if variants is None else variants + number
            axes += [(*others, axis) for others in axes]
    zeros = images.new_zeros(_margin(images))
    copies = [images.flip(flipped) if flipped else images for flipped in axes]
    return torch.cat([zeros, *(copy.flatten() for copy in copies), zeros]), variants


def _margin(images: Images) -> int:
    """Return how far a shift reaches at most: a plane and a row."""
    height, width = images.shape[2:]
    return (height + 1) * width


def _visible(images: Images, moves: Moves) -> Shaped[Tensor, "batch 1 height width"]:
    """Return 1 where an image shows a pixel of its own, 0 beyond the border and in the hole.

    The rows of an image know three patterns: not seen, seen, seen but for the hole. Picking
    one for every row is faster than combining masks of rows and columns.
    """
    batch, _, height, width = images.shape
    rows, columns = _in_view(images, moves.down, 2), _in_view(images, moves.right, 3)
    patterns = [torch.zeros_like(columns), columns]
    if moves.hole is not None:
        hole = moves.hole
        row_seen = _beside(height, hole.size, images.device).index_select(0, hole.row)
        column_seen = _beside(width, hole.size, images.device).index_select(0, hole.column)
        rows = rows * (2 - row_seen)
        patterns.append(columns * column_seen)
    table = torch.stack(patterns, dim=1).to(images.dtype).view(-1, width)
    first = torch.arange(0, len(table), len(patterns), device=images.device)
    numbers = (first[:, None] + rows).flatten()
    return table.index_select(0, numbers).view(batch, 1, height, width)


def _in_view(
    images: Images, shift: Int64[Tensor, " batch"] | None, axis: int
) -> UInt8[Tensor, "batch length"]:
    """Return 1 where the place that a row or column comes from lies in the image."""
    length = images.shape[axis]
    if shift is None:
        return torch.ones(len(images), length, dtype=torch.uint8, device=images.device)
    # A table of all shifts has far fewer rows than a batch of small images.
    table = _shift_table(length, images.device)
    return table.index_select(0, shift.clamp(-length, length) + length)


@lru_cache(maxsize=8)
def _shift_table(length: int, device: torch.device) -> UInt8[Tensor, "shifts length"]:
    """Return for each shift from -length to length which places are seen."""
    shifts = torch.arange(-length, length + 1, device=device)
    source = shifts[:, None] + torch.arange(length, device=device)
    return ((source >= 0) & (source < length)).to(torch.uint8)


@lru_cache(maxsize=8)
def _beside(length: int, size: int, device: torch.device) -> UInt8[Tensor, "length length"]:
    """Return 0 where the side around each centre (row) covers a place (column), else 1."""
    place = torch.arange(length, device=device)
    offset = place - place[:, None] + size // 2
    return ((offset < 0) | (offset >= size)).to(torch.uint8)


def _by_slices(images: Images, moves: Moves) -> Images:
    """Do the same sample by sample."""
    height, width = images.shape[2:]
    is_shifted = moves.down is not None or moves.right is not None
    moved = torch.zeros_like(images) if is_shifted else images.clone()
    asked = (moves.is_mirrored, moves.is_upside_down, moves.down, moves.right)
    lists = [_numbers(move, len(images)) for move in asked]
    for number, (mirrored, upside_down, down, right) in enumerate(zip(*lists, strict=True)):
        axes = [axis for axis, is_on in ((2, mirrored), (1, upside_down)) if is_on]
        if not (axes or is_shifted):
            continue
        source = images[number].flip(axes) if axes else images[number]
        to_rows, from_rows = _overlap(down, height)
        to_columns, from_columns = _overlap(right, width)
        moved[number, :, to_rows, to_columns] = source[:, from_rows, from_columns]
    if moves.hole is not None:
        _blank_slices(moved, moves.hole)
    return moved


def _numbers(move: Shaped[Tensor, " batch"] | None, batch: int) -> list[int]:
    return [0] * batch if move is None else move.tolist()


def _overlap(shift: int, length: int) -> tuple[slice, slice]:
    """Return where the pixels go that stay in view, and where they come from."""
    shift = max(-length, min(length, shift))
    to = slice(max(0, -shift), length - max(0, shift))
    return to, slice(max(0, shift), length + min(0, shift))


def _blank_slices(images: Images, hole: Hole) -> None:
    places = zip(hole.row.tolist(), hole.column.tolist(), strict=True)
    for image, (row, column) in zip(images, places, strict=True):
        top, left = row - hole.size // 2, column - hole.size // 2
        image[:, max(0, top) : top + hole.size, max(0, left) : left + hole.size] = 0
