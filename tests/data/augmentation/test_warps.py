import math

import pytest
import torch
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as theirs

from headway.data.augmentation.warps import (
    Warp,
    identity,
    resample,
    rotation,
    shear,
    stretching,
)

SIZES = pytest.mark.parametrize("size", [(8, 8), (7, 9)], ids=["even", "odd"])


def noise(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


def smooth(height: int, width: int) -> torch.Tensor:
    """Return a picture without sharp edges, which interpolation hardly changes."""
    y = torch.linspace(-1, 1, height)[:, None]
    x = torch.linspace(-1, 1, width)[None]
    return (torch.exp(-3 * ((x - 0.2) ** 2 + (y + 0.1) ** 2)) + 0.2 * x)[None, None]


def doubles(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def warp(linear: torch.Tensor, shift: tuple[float, float] = (0.0, 0.0)) -> Warp:
    return Warp(linear, doubles(*shift).expand(len(linear), 2))


@SIZES
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.bool])
def test_the_identity_changes_nothing(size, interpolation, dtype):
    images = noise(3, 2, *size).to(dtype)
    got = resample(images, identity(3, images.device), interpolation=interpolation)
    assert got.dtype == dtype
    assert torch.equal(got, images)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_quarter_turns_are_exact(interpolation, quarters):
    images = noise(2, 3, 8, 8)
    got = resample(
        images, warp(rotation(doubles(90.0, 90.0) * quarters)), interpolation=interpolation
    )
    assert torch.equal(got, torch.rot90(images, quarters, (2, 3)))


def test_the_sign_of_a_turn_is_counterclockwise_as_in_torchvision():
    images = smooth(33, 33)
    got = resample(images, warp(rotation(doubles(25.0))))
    expected = theirs.rotate(images, 25.0, interpolation=InterpolationMode.BILINEAR)
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("linear", "changes"),
    [
        (shear(doubles(20.0), doubles(0.0)), {"shear": [-20.0, 0.0]}),
        (stretching(doubles(1.3), doubles(1.3)), {"scale": 1.3}),
        (stretching(doubles(1.0), doubles(1.0)), {"translate": [3, -2]}),
    ],
    ids=["shear", "scale", "translation"],
)
def test_linear_maps_are_those_of_torchvision(linear, changes):
    images = smooth(21, 30)
    plain = {"angle": 0.0, "translate": [0, 0], "scale": 1.0, "shear": [0.0, 0.0]}
    right, down = changes.get("translate", (0, 0))
    got = resample(images, warp(linear, (float(right), float(down))))
    expected = theirs.affine(
        images, **(plain | changes), interpolation=InterpolationMode.BILINEAR
    )
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)


def test_width_and_height_are_stretched_apart():
    image = torch.zeros(1, 1, 8, 8)
    image[..., 3:5, 3:5] = 1
    wide = resample(image, warp(stretching(doubles(2.0), doubles(1.0))))
    assert (wide > 0.5).sum(dim=3).amax() == 4
    assert (wide > 0.5).sum(dim=2).amax() == 2


def test_there_and_back_gives_the_picture_again():
    images = smooth(64, 64)
    there = warp(rotation(doubles(20.0)) @ shear(doubles(5.0), doubles(3.0)))
    back = warp(torch.linalg.inv(there.linear))
    centre = (..., slice(20, 44), slice(20, 44))
    again = resample(resample(images, there), back)
    torch.testing.assert_close(again[centre], images[centre], atol=5e-3, rtol=0)


def test_every_image_goes_its_own_way():
    images = smooth(16, 16).expand(3, -1, -1, -1)
    angles = doubles(0.0, 10.0, -35.0)
    together = resample(images, warp(rotation(angles)))
    for number in range(3):
        alone = resample(images[:1], warp(rotation(angles[number : number + 1])))
        torch.testing.assert_close(together[number], alone[0])


def test_the_fill_comes_in_from_beyond_the_border():
    images = torch.full((1, 1, 4, 4), 200, dtype=torch.uint8)
    got = resample(images, warp(torch.eye(2).double()[None], (2.0, 0.0)), fill=7.0)
    assert got[0, 0, 0].tolist() == [7, 7, 200, 200]


@pytest.mark.parametrize("strength", [-0.3, -0.1, 0.2, 0.3])
def test_a_lens_moves_points_along_their_ray_by_its_formula(strength):
    lens = Warp(
        torch.eye(2, dtype=torch.float64)[None],
        torch.zeros(1, 2, dtype=torch.float64),
        doubles(strength),
    )
    sources = lens.sources(9, 9)[0]
    x = torch.arange(9) - 4.0
    place = torch.stack((x.expand(9, 9), x[:, None].expand(9, 9)), dim=-1)
    squared = place.square().sum(dim=-1, keepdim=True) / (9**2 / 2)
    torch.testing.assert_close(sources, place * (1 + strength * squared))


@pytest.mark.parametrize("strength", [-0.3, -0.1, 0.0, 0.2, 0.3])
def test_points_go_where_the_pixels_go(strength):
    there = Warp(
        rotation(doubles(15.0)) @ shear(doubles(4.0), doubles(-3.0)),
        doubles(1.5, -2.0)[None],
        doubles(strength),
    )
    sources = there.sources(32, 48)[0].flatten(0, 1).double()
    targets = there.targets(sources[None], 32, 48)[0]
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(48.0), indexing="ij")
    pixels = torch.stack((x.flatten() - 23.5, y.flatten() - 15.5), dim=1).double()
    torch.testing.assert_close(targets, pixels, atol=1e-4, rtol=0)


def test_what_a_pincushion_cannot_show_lies_beyond_the_corners():
    lens = Warp(
        torch.eye(2, dtype=torch.float64)[None],
        torch.zeros(1, 2, dtype=torch.float64),
        doubles(-0.3),
    )
    corner = lens.targets(doubles(5.0, 5.0).view(1, 1, 2), 10, 10)
    assert corner.norm() > math.hypot(5, 5)
