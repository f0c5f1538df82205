"""Several views of each test image, over which predictions are averaged."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import torch.nn.functional as F
from jaxtyping import Float, Shaped
from torch import Tensor

from headway.data.augmentation import Images
from headway.errors import RecipeError, did_you_mean

Probabilities = Float[Tensor, "batch outputs"]

# Short sides of the lecture for crops of 224, which other sides scale in proportion.
_CROP_SIDE = 224
_SHORT_SIDES = (224, 256, 384, 480, 640)
_TEN_CROP_SIDE = 256


class Views(ABC):
    """Turns a batch of images into views of it, each with its part of the average."""

    @abstractmethod
    def __call__(self, images: Images) -> Iterator[tuple[Images, float]]:
        """Yield every view of the batch once, and its weight; the weights add up to 1."""


@dataclass(frozen=True, slots=True)
class OneView(Views):
    """The inputs as they are, images or not."""

    def __call__(
        self, images: Shaped[Tensor, "batch *shape"]
    ) -> Iterator[tuple[Shaped[Tensor, "batch *shape"], float]]:
        """Yield the inputs."""
        yield images, 1.0


@dataclass(frozen=True, slots=True)
class FlipViews(Views):
    """The image and its mirror image: two views."""

    def __call__(self, images: Images) -> Iterator[tuple[Images, float]]:
        """Yield the views."""
        yield from _weighted([images, images.flip(3)])


@dataclass(frozen=True, slots=True)
class ShiftViews(Views):
    """The image shifted by -1, 0 and 1 times `pixels` in both directions: nine views.

    Zeros come in at the border, as in the padding of training crops.

    Attributes:
        pixels: Size of a shift.
    """

    pixels: int = 1

    def __call__(self, images: Images) -> Iterator[tuple[Images, float]]:
        """Yield the views."""
        height, width = images.shape[2:]
        padded = F.pad(images, (self.pixels,) * 4)
        starts = (0, self.pixels, 2 * self.pixels)
        places = product(starts, starts)
        yield from _weighted([_cut(padded, place, (height, width)) for place in places])


@dataclass(frozen=True, slots=True)
class CropViews(Views):
    """Crops of the image resized to several scales: four corners, the centre, and mirrored.

    Where crops coincide, as all do when the resized image is as large as the crop, one is
    yielded with the weight of them all.

    Attributes:
        size: Height and width of the crops.
        scales: The resized image just covers a crop of `size` times such a scale.

    Reference:
        Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural
        Networks", 2012, section 4.1 (ten crops at one scale). The five scales with ten
        crops each are those of Stanford's CS231n, 2024, lecture 6; He et al., 2015, section
        3.4, have ten crops at one scale for comparisons and `DenseViews` for best results.

    Example:
        >>> import torch
        >>> views = CropViews((224, 224), scales=(1.0, 640 / 224))
        >>> [round(weight, 2) for _, weight in views(torch.zeros(1, 3, 256, 256))]
        [0.25, 0.25, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05]
    """

    size: tuple[int, int]
    scales: tuple[float, ...] = (_TEN_CROP_SIDE / _CROP_SIDE,)

    def __call__(self, images: Images) -> Iterator[tuple[Images, float]]:
        """Yield the views."""
        for scale in self.scales:
            resized = resize_to_cover(images, self.size, scale)
            starts = self._starts(resized)
            for start in dict.fromkeys(starts):
                crop = _cut(resized, start, self.size)
                weight = starts.count(start) / (2 * len(starts) * len(self.scales))
                yield crop, weight
                yield crop.flip(3), weight

    def _starts(self, images: Images) -> list[tuple[int, int]]:
        down, right = (images.shape[2 + axis] - self.size[axis] for axis in (0, 1))
        corners = product((0, down), (0, right))
        return [*corners, (down // 2, right // 2)]


@dataclass(frozen=True, slots=True)
class DenseViews(Views):
    """The whole image and its mirror image at several scales.

    For networks that take images of any size and average over places at the end: what they
    say is then an average over all crops.

    Attributes:
        size: Height and width that scale 1 covers.
        scales: As in `CropViews`.

    Reference:
        Simonyan and Zisserman, "Very Deep Convolutional Networks", 2014, section 3.2.
        arXiv:1409.1556. He et al., "Deep Residual Learning for Image Recognition", 2015,
        section 3.4. arXiv:1512.03385.
    """

    size: tuple[int, int]
    scales: tuple[float, ...]

    def __call__(self, images: Images) -> Iterator[tuple[Images, float]]:
        """Yield the views."""
        weight = 1 / (2 * len(self.scales))
        for scale in self.scales:
            resized = resize_to_cover(images, self.size, scale)
            yield resized, weight
            yield resized.flip(3), weight


def build_views(name: str, input_shape: tuple[int, ...]) -> Views:
    """Return the views called `name`.

    Args:
        name: "none": the image alone. "flip": with its mirror image. "shifts": shifted by
            one pixel to all sides, 9 views. "ten-crop": corners and centre of the image at
            256 / 224 of the size that the model takes, and mirrored. "multi-scale": the
            same at 1, 256/224, 384/224, 480/224 and 640/224 of it, 50 views, those that
            coincide counted but made once. "dense": the whole image at these scales, and
            mirrored; for networks that take any size.
        input_shape: Shape of one image as the model takes it: (channels, height, width).

    Raises:
        RecipeError: If the name is unknown, or the inputs are not images.

    Example:
        >>> import torch
        >>> len(list(build_views("shifts", (3, 32, 32))(torch.zeros(1, 3, 32, 32))))
        9
    """
    if name not in _NAMES:
        raise RecipeError(
            f"unknown views {name!r}.{did_you_mean(name, _NAMES)} They are one of: "
            f"{', '.join(_NAMES)}"
        )
    if name == "none":
        return OneView()
    if len(input_shape) != 3:
        raise RecipeError(
            f"views {name!r} are for images, and the inputs have shape {input_shape}: use "
            "'none'"
        )
    return _NAMES[name]((input_shape[1], input_shape[2]))


def predict_views(
    predict_fn: Callable[[Tensor], Probabilities],
    images: Shaped[Tensor, "batch *shape"],
    views: Views,
) -> Probabilities:
    """Return the mean of the predictions for all views.

    Args:
        predict_fn: From images to probabilities, or to values.
        images: A batch, as `views` take it: of the size of the model's inputs or larger.
        views: What to show of every image.

    Example:
        >>> import torch
        >>> predict_views(lambda x: x.flatten(1), torch.tensor([[[[1.0, 3.0]]]]), FlipViews())
        tensor([[2., 2.]])
    """
    total: Tensor | None = None
    for view, weight in views(images):
        part = predict_fn(view) * weight
        total = part if total is None else total.add_(part)
    assert total is not None
    return total


def resize_to_cover(
    images: Images, size: tuple[int, int], scale: float
) -> Shaped[Tensor, "batch channels _ _"]:
    """Return the images resized so that they just cover `scale` times `size`."""
    height, width = images.shape[2:]
    factor = scale * max(size[0] / height, size[1] / width)
    target = [
        max(s, round(factor * of)) for s, of in zip(size, (height, width), strict=True)
    ]
    if target == [height, width]:
        return images
    pixels = F.interpolate(images.float(), target, mode="bilinear", antialias=True)
    if images.is_floating_point():
        return pixels.to(images.dtype)
    return pixels.round_().clamp_(0, 255).to(images.dtype)


def _weighted(views: Sequence[Images]) -> Iterator[tuple[Images, float]]:
    for view in views:
        yield view, 1 / len(views)


def _cut(
    images: Images, start: tuple[int, int], size: tuple[int, int]
) -> Shaped[Tensor, "batch channels _ _"]:
    (top, left), (height, width) = start, size
    return images[:, :, top : top + height, left : left + width]


_SCALES = tuple(side / _CROP_SIDE for side in _SHORT_SIDES)
_NAMES: dict[str, Callable[[tuple[int, int]], Views]] = {
    "none": lambda size: OneView(),
    "flip": lambda size: FlipViews(),
    "shifts": lambda size: ShiftViews(),
    "ten-crop": lambda size: CropViews(size),
    "multi-scale": lambda size: CropViews(size, _SCALES),
    "dense": lambda size: DenseViews(size, _SCALES),
}
