"""Single samples as a page can show them: a small picture, or a few words."""

import base64
from io import BytesIO

import torch
from PIL import Image
from torch import Tensor

from headway.data import DataInfo, FileSplit, Split

_LARGEST_SIDE = 96
_MOST_FEATURES = 8


def picture_of(split: Split, index: int, info: DataInfo) -> str | None:
    """Return a sample as it came from its source, as a data: URL; None if it is no image."""
    if info.kind != "image":
        return None
    values = split.read(index) if isinstance(split, FileSplit) else split.inputs[index]
    image = Image.fromarray(_bytes(values).permute(1, 2, 0).squeeze(2).numpy())
    image.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE))
    buffer = BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def text_of(split: Split, index: int, info: DataInfo) -> str | None:
    """Return the file of a sample, or the first columns of a row of a table."""
    if isinstance(split, FileSplit):
        return "/".join(split.paths[index].parts[-2:])
    if not info.feature_names:
        return None
    columns = zip(info.feature_names, split.inputs[index].tolist(), strict=True)
    words = [f"{name}={value:.4g}" for name, value in columns]
    return ", ".join(words[:_MOST_FEATURES] + ["…"] * (len(words) > _MOST_FEATURES))


def _bytes(image: Tensor) -> Tensor:
    """Return an image as bytes in one channel or three; floats from its least to its most."""
    channels = image[:3] if len(image) in (3, 4) else image[:1]
    if channels.dtype == torch.uint8:
        return channels
    values = channels.float().nan_to_num()
    low, high = torch.aminmax(values)
    return ((values - low) * (255 / (high - low).clamp(min=1e-12))).to(torch.uint8)
