import math

import pytest
import torch

from headway.data.augmentation import Augmentation, Geometry, scale_crop_draws

SAMPLES = 20_000
EVERYTHING = Geometry(
    rotation=20.0,
    shear=5.0,
    scale=0.2,
    stretch=0.1,
    translation=0.1,
    lens=0.2,
    scale_crop=(1.1, 1.5),
)


def draw(geometry: Geometry, samples: int = SAMPLES, size: tuple[int, int] = (20, 40)):
    return geometry.draw(torch.arange(samples), seed=0, epoch=0, size=size)


def assert_even(values: torch.Tensor, low: float, high: float) -> None:
    """Compare with the even distribution by Kolmogorov's test at four deviations."""
    ranks = (values.double() - low) / (high - low)
    steps = torch.arange(1, len(ranks) + 1) / len(ranks)
    assert (ranks.sort().values - steps).abs().max() < 2.3 / len(ranks) ** 0.5


def test_angles_are_even_between_both_limits():
    linear = draw(Geometry(rotation=30.0)).linear
    assert_even(torch.atan2(linear[:, 0, 1], linear[:, 0, 0]).rad2deg(), -30, 30)


def test_shears_of_rows_and_columns_are_even_and_keep_the_area():
    linear = draw(Geometry(shear=10.0)).linear
    assert_even(linear[:, 0, 1].atan().rad2deg(), -10, 10)
    assert_even(linear[:, 1, 0].atan().rad2deg(), -10, 10)
    torch.testing.assert_close(linear.det(), torch.ones(SAMPLES).double())


def test_scales_are_even_in_their_logarithm_and_alike_for_both_sides():
    linear = draw(Geometry(scale=0.5)).linear
    assert_even(linear[:, 0, 0].log(), -math.log(1.5), math.log(1.5))
    assert torch.equal(linear[:, 0, 0], linear[:, 1, 1])


def test_stretches_keep_the_area():
    linear = draw(Geometry(stretch=0.5)).linear
    ratio = linear[:, 0, 0] / linear[:, 1, 1]
    assert_even(ratio.log(), -math.log(1.5), math.log(1.5))
    torch.testing.assert_close(linear.det(), torch.ones(SAMPLES).double())


def test_translations_are_parts_of_the_sides():
    shift = draw(Geometry(translation=0.25)).shift
    assert_even(shift[:, 0], -10, 10)
    assert_even(shift[:, 1], -5, 5)


def test_lenses_are_barrels_and_pincushions():
    lens = draw(Geometry(lens=0.3)).lens
    assert lens is not None
    assert_even(lens, -0.3, 0.3)


def test_scale_crops_stay_within_the_image():
    warp = draw(Geometry(scale_crop=(1.5, 3.0)), samples=500)
    corners = torch.tensor([[-20.0, -10.0], [20.0, 10.0]]).double()
    left_top, right_bottom = warp.targets(corners.expand(500, 2, 2), 20, 40).unbind(dim=1)
    assert (left_top <= corners[0] + 1e-9).all()
    assert (right_bottom >= corners[1] - 1e-9).all()


def test_scale_crops_are_even_in_size_and_place():
    warp = draw(Geometry(scale_crop=(1.5, 3.0)))
    factor = warp.linear[:, 0, 0]
    assert_even(factor, 1.5, 3.0)
    assert_even(warp.shift[:, 0] / (factor - 1) / 20, -1, 1)
    assert_even(warp.shift[:, 1] / (factor - 1) / 10, -1, 1)


def test_crops_of_files_are_those_of_the_map():
    indices, factors = torch.arange(50), (1.2, 2.0)
    warp = Geometry(scale_crop=factors).draw(indices, seed=3, epoch=4, size=(20, 40))
    factor, top, left = scale_crop_draws(factors, indices, seed=3, epoch=4).unbind(dim=1)
    torch.testing.assert_close(warp.linear[:, 0, 0], factor)
    # The left border of the crop, counted from that of the enlarged image.
    torch.testing.assert_close(
        (factor - 1) * 20 - warp.shift[:, 0], left * (factor - 1) * 40
    )
    torch.testing.assert_close(
        (factor - 1) * 10 - warp.shift[:, 1], top * (factor - 1) * 20
    )


def test_without_strength_nothing_happens():
    images = torch.rand(4, 3, 8, 8)
    assert Geometry().is_identity
    assert (
        Augmentation(geometry=Geometry())(images, torch.arange(4), seed=0, epoch=0)
        is images
    )


def test_a_full_scale_crop_at_factor_one_changes_nothing():
    images = torch.randint(0, 256, (4, 3, 8, 8), dtype=torch.uint8)
    augment = Augmentation(geometry=Geometry(scale_crop=(1.0, 1.0)))
    assert torch.equal(augment(images, torch.arange(4), seed=0, epoch=0), images)


def test_everything_is_done_in_one_resampling():
    warp = draw(EVERYTHING, samples=3)
    assert warp.linear.shape == (3, 2, 2)
    assert (warp.linear.det() > 0).all()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"rotation": 181.0}, r"rotation must be from 0 to 180 degrees, got 181"),
        ({"shear": -1.0}, r"shear must be from 0 to 80 degrees, got -1"),
        ({"scale": -0.1}, r"scale must be 0 \(off\) or above, got -0.1"),
        ({"translation": 1.5}, r"translation must be a part of the side from 0 to 1"),
        ({"lens": 0.4}, r"lens must be from 0 to 0.3, got 0.4"),
        ({"scale_crop": (0.5, 1.0)}, r"scale_crop must be two factors from 1 on"),
        ({"scale_crop": (2.0, 1.0)}, r"the smaller one first.*got \(2.0, 1.0\)"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_strengths_out_of_range_are_refused(setting: dict[str, object], message: str):
    with pytest.raises(ValueError, match=message):
        Geometry(**setting)  # type: ignore[arg-type]
