"""Masks and boxes that go with their images."""

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from headway.data.augmentation.moves import Moves, move_images
from headway.data.augmentation.warps import Warp, resample

Masks = Shaped[Tensor, "batch height width"]
# Left, top, right and bottom in pixels from the upper left corner of the image.
Boxes = Float[Tensor, "batch boxes 4"]


def change_masks(masks: Masks, warp: Warp | None, moves: Moves, *, fill: int) -> Masks:
    """Return masks after `warp` and `moves`, each pixel one of the original or `fill`."""
    layers = masks[:, None]
    if warp is not None:
        layers = resample(layers, warp, interpolation="nearest", fill=float(fill))
    if not moves.is_identity:
        # Whole numbers wrap around, so that the fill comes back exactly.
        whole = layers.to(torch.uint8) if masks.dtype == torch.bool else layers
        layers = (move_images(whole - fill, moves) + fill).to(masks.dtype)
    return layers.squeeze(1)


def change_boxes(
    boxes: Boxes, warp: Warp | None, moves: Moves, *, size: tuple[int, int]
) -> Boxes:
    """Return boxes after `warp` and `moves`, cut off at the border of the image."""
    if warp is not None:
        boxes = _warp_boxes(boxes, warp, *size)
    return _move_boxes(boxes, moves, *size)


def _warp_boxes(boxes: Boxes, warp: Warp, height: int, width: int) -> Boxes:
    """Return the upright rectangles around the moved corners, cut off at the border."""
    left, top, right, bottom = boxes.double().unbind(dim=-1)
    x = torch.stack((left, right, left, right), dim=-1) - width / 2
    y = torch.stack((top, top, bottom, bottom), dim=-1) - height / 2
    corners = torch.stack((x, y), dim=-1)
    moved = warp.targets(corners.flatten(1, 2), height, width).view_as(corners)
    half = moved.new_tensor((width / 2, height / 2))
    around = torch.cat((moved.amin(dim=2) + half, moved.amax(dim=2) + half), dim=-1)
    return _clip(around, height, width).to(boxes.dtype)


def _move_boxes(boxes: Boxes, moves: Moves, height: int, width: int) -> Boxes:
    """Return the boxes after flips and shifts, cut off at the border."""
    left, top, right, bottom = boxes.unbind(dim=-1)
    if moves.is_mirrored is not None:
        flips = moves.is_mirrored[:, None]
        left, right = (
            torch.where(flips, width - right, left),
            torch.where(flips, width - left, right),
        )
    if moves.is_upside_down is not None:
        flips = moves.is_upside_down[:, None]
        top, bottom = (
            torch.where(flips, height - bottom, top),
            torch.where(flips, height - top, bottom),
        )
    if moves.right is not None:
        left, right = left - moves.right[:, None], right - moves.right[:, None]
    if moves.down is not None:
        top, bottom = top - moves.down[:, None], bottom - moves.down[:, None]
    return _clip(torch.stack((left, top, right, bottom), dim=-1), height, width)


def _clip(boxes: Boxes, height: int, width: int) -> Boxes:
    """Return the parts of the boxes that lie in the image; others have no area."""
    left, top, right, bottom = boxes.unbind(dim=-1)
    x = (left.clamp(0, width), right.clamp(0, width))
    y = (top.clamp(0, height), bottom.clamp(0, height))
    return torch.stack((x[0], y[0], x[1], y[1]), dim=-1)
