import pytest
import torch

from headway.data import build_views, predict_views
from headway.data.views import CropViews, DenseViews, FlipViews, ShiftViews, resize_to_cover
from headway.errors import RecipeError

NAMES = ["none", "flip", "shifts", "ten-crop", "multi-scale", "dense"]
SIDES = (224, 256, 384, 480, 640)


def noise(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(shape, generator=generator)


@pytest.mark.parametrize("name", NAMES)
def test_weights_add_up_to_one(name: str):
    views = list(build_views(name, (3, 16, 16))(noise(2, 3, 16, 16)))
    assert sum(weight for _, weight in views) == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "count"), [("none", 1), ("flip", 2), ("shifts", 9), ("ten-crop", 10)]
)
def test_views_have_the_size_of_the_models_input(name: str, count: int):
    views = [view for view, _ in build_views(name, (3, 16, 16))(noise(2, 3, 16, 16))]
    assert len(views) == count
    assert {view.shape for view in views} == {(2, 3, 16, 16)}


def test_ten_crops_are_those_of_the_padded_out_image():
    images = noise(1, 3, 256, 256)
    views = [view for view, _ in CropViews((224, 224))(images)]
    corners = [(0, 0), (0, 32), (32, 0), (32, 32), (16, 16)]
    crops = [images[:, :, y : y + 224, x : x + 224] for y, x in corners]
    expected = [view for crop in crops for view in (crop, crop.flip(3))]
    assert all(torch.equal(*pair) for pair in zip(views, expected, strict=True))


def test_the_multi_scale_protocol_has_fifty_views_of_which_eight_coincide():
    views = list(build_views("multi-scale", (3, 224, 224))(noise(1, 3, 256, 256)))
    assert len(views) == 42
    assert [round(50 * weight) for _, weight in views] == [5] * 2 + [1] * 40


def test_a_wide_image_has_more_views_at_the_smallest_scale():
    views = list(build_views("multi-scale", (3, 224, 224))(noise(1, 3, 224, 300)))
    # Left, right and centre, mirrored: 6 instead of 10.
    assert len(views) == 46
    assert [round(50 * weight) for _, weight in views][:6] == [2, 2, 2, 2, 1, 1]


@pytest.mark.parametrize("shape", [(256, 256), (224, 300)], ids=["square", "wide"])
def test_views_that_are_made_once_count_as_often_as_they_are(shape: tuple[int, int]):
    images = noise(2, 3, *shape)
    expected = []
    for side in SIDES:
        resized = resize_to_cover(images, (224, 224), side / 224)
        down, right = resized.shape[2] - 224, resized.shape[3] - 224
        corners = [(0, 0), (0, right), (down, 0), (down, right), (down // 2, right // 2)]
        for y, x in corners:
            crop = resized[:, :, y : y + 224, x : x + 224]
            expected += [crop, crop.flip(3)]
    assert len(expected) == 50

    def predict(view: torch.Tensor) -> torch.Tensor:
        # Not linear, and not the same for mirror images.
        return (view * torch.linspace(0, 1, 224)).mean(dim=(2, 3)).softmax(dim=1)

    got = predict_views(predict, images, build_views("multi-scale", (3, 224, 224)))
    torch.testing.assert_close(
        got, torch.stack([predict(view) for view in expected]).mean(0)
    )


def test_short_sides_are_those_of_the_protocol():
    images = noise(1, 1, 300, 400)
    resized = [resize_to_cover(images, (224, 224), side / 224) for side in SIDES]
    assert [min(image.shape[2:]) for image in resized] == list(SIDES)


def test_small_images_have_the_same_scales():
    dense = build_views("dense", (1, 28, 28))(noise(1, 1, 28, 28))
    sides = [view.shape[3] for view, _ in dense][::2]
    assert sides == [28, 32, 48, 60, 80]


def test_shifts_are_by_one_pixel_with_zeros_at_the_border():
    image = torch.zeros(1, 1, 5, 5)
    image[0, 0, 2, 2] = 1
    places = [tuple(view[0, 0].nonzero()[0].tolist()) for view, _ in ShiftViews()(image)]
    assert sorted(places) == [(y, x) for y in (1, 2, 3) for x in (1, 2, 3)]
    assert min(view.min() for view, _ in ShiftViews()(image + 1)) == 0


def test_flips_are_the_image_and_its_mirror_image():
    images = noise(2, 3, 4, 5)
    first, second = (view for view, _ in FlipViews()(images))
    assert torch.equal(first, images)
    assert torch.equal(second, images.flip(3))


def test_a_dense_view_averages_over_places_as_crops_do():
    # A convolution with a window as large as the crop, averaged over places.
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(4, 3, 8, 8, generator=generator)

    def network(view: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.conv2d(view, weight).mean(dim=(2, 3))

    images = noise(2, 3, 10, 10)
    dense = predict_views(network, images, DenseViews((8, 8), (10 / 8,)))
    crops = [images[:, :, y : y + 8, x : x + 8] for y in range(3) for x in range(3)]
    views = [network(view) for crop in crops for view in (crop, crop.flip(3))]
    # The mirror image of a crop is the crop of the mirror image.
    torch.testing.assert_close(dense, torch.stack(views).mean(0), atol=1e-4, rtol=1e-4)


def test_bytes_stay_bytes():
    images = (noise(2, 3, 16, 16) * 255).to(torch.uint8)
    for view, _ in build_views("multi-scale", (3, 16, 16))(images):
        assert view.dtype == torch.uint8


def test_tables_have_one_view():
    table = noise(3, 7)
    ((view, weight),) = build_views("none", (7,))(table)
    assert torch.equal(view, table)
    assert weight == 1
    with pytest.raises(RecipeError, match=r"views 'flip' are for images.*shape \(7,\)"):
        build_views("flip", (7,))


def test_an_unknown_name_is_refused_with_the_nearest_one():
    with pytest.raises(RecipeError, match=r"unknown views 'ten-crops'.*mean 'ten-crop'\?"):
        build_views("ten-crops", (3, 32, 32))
