import pytest
import torch
import torch.nn.functional as F

from headway.data.augmentation import Augmentation, crop_images, cut_out, flip_images

EVERYTHING = Augmentation(flip=True, crop_padding=2, cutout=3)


def random_images(*shape: int, seed: int = 0) -> torch.Tensor:
    # From 1 on, so that 0 is nothing but fill.
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(1, 256, shape, dtype=torch.uint8, generator=generator)


def counted(values: torch.Tensor, bins: int) -> tuple[float, float]:
    """Return chi-squared of equally likely bins, and four deviations above its mean."""
    counts = torch.bincount(values, minlength=bins).double()
    assert len(counts) == bins
    expected = counts.sum() / bins
    chi_squared = float(((counts - expected) ** 2 / expected).sum())
    return chi_squared, bins - 1 + 4 * (2 * (bins - 1)) ** 0.5


def shifts(padding: int, samples: int) -> torch.Tensor:
    """Return (row, column) of one bright pixel after a random crop."""
    images = torch.zeros(samples, 1, 16, 16, dtype=torch.uint8)
    images[:, :, 8, 8] = 255
    augment = Augmentation(crop_padding=padding)
    return augment(images, torch.arange(samples), seed=0, epoch=0).nonzero()[:, 2:]


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32], ids=["uint8", "float32"])
@pytest.mark.parametrize("shape", [(1, 5, 9), (3, 8, 8)], ids=["wide gray", "square color"])
def test_crops_equal_slices_of_the_padded_image(shape: tuple[int, ...], dtype: torch.dtype):
    images = random_images(20, *shape).to(dtype)
    top, left = torch.arange(20) % 5, torch.arange(20) * 3 % 5
    crops = crop_images(images, top, left, padding=2)
    padded = F.pad(images, (2, 2, 2, 2))
    height, width = shape[1:]
    for crop, image, y, x in zip(crops, padded, top.tolist(), left.tolist(), strict=True):
        assert torch.equal(crop, image[:, y : y + height, x : x + width])


def test_a_crop_of_channels_last_images_is_the_same():
    images = random_images(6, 3, 7, 7)
    top, left = torch.arange(6) % 5, torch.arange(6) % 4
    expected = crop_images(images, top, left, padding=2)
    got = crop_images(images.to(memory_format=torch.channels_last), top, left, padding=2)
    assert torch.equal(got, expected)


def test_only_the_chosen_images_are_mirrored():
    images = random_images(3, 2, 4, 5)
    got = flip_images(images, torch.tensor([True, False, True]))
    assert torch.equal(got[1], images[1])
    assert torch.equal(got[::2], images[::2].flip(3))


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_cutout_blanks_a_square_clipped_at_the_borders(size: int):
    images = random_images(36, 3, 6, 6)
    row, column = torch.arange(36) // 6, torch.arange(36) % 6
    expected = images.clone()
    for image, y, x in zip(expected, row.tolist(), column.tolist(), strict=True):
        top, left = y - size // 2, x - size // 2
        image[:, max(top, 0) : top + size, max(left, 0) : left + size] = 0
    assert torch.equal(cut_out(images, row, column, size=size), expected)


def test_the_input_stays_as_it_is():
    images = random_images(8, 3, 8, 8)
    before = images.clone()
    EVERYTHING(images, torch.arange(8), seed=0, epoch=0)
    assert torch.equal(images, before)


def test_nothing_is_changed_where_everything_is_off():
    images = random_images(8, 3, 8, 8)
    nothing = Augmentation()
    assert nothing.is_identity
    assert torch.equal(nothing(images, torch.arange(8), seed=0, epoch=0), images)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32], ids=["uint8", "float32"])
def test_the_type_and_shape_of_the_images_are_kept(dtype: torch.dtype):
    images = random_images(4, 3, 8, 10).to(dtype)
    got = EVERYTHING(images, torch.arange(4), seed=0, epoch=0)
    assert (got.dtype, got.shape) == (images.dtype, images.shape)


def test_a_sample_is_changed_in_the_same_way_in_every_batch():
    images, indices = random_images(64, 3, 8, 8), torch.arange(64) + 1000
    whole = EVERYTHING(images, indices, seed=1, epoch=2)
    picks = torch.tensor([63, 0, 17, 17])
    assert torch.equal(
        EVERYTHING(images[picks], indices[picks], seed=1, epoch=2), whole[picks]
    )


@pytest.mark.parametrize("other", [{"seed": 1, "epoch": 0}, {"seed": 0, "epoch": 1}])
def test_another_seed_or_epoch_changes_the_samples_otherwise(other: dict[str, int]):
    images, indices = random_images(64, 3, 8, 8), torch.arange(64)
    first = EVERYTHING(images, indices, seed=0, epoch=0)
    second = EVERYTHING(images, indices, **other)
    assert (first == second).flatten(1).all(dim=1).sum() < 8


def test_half_of_the_samples_are_mirrored():
    samples = 40_000
    images = torch.tensor([[[[0.0, 1.0]]]]).expand(samples, 1, 1, 2)
    got = Augmentation(flip=True)(images, torch.arange(samples), seed=0, epoch=0)
    assert abs(got[:, 0, 0, 0].double().mean() - 0.5) < 4 * 0.5 / samples**0.5


def test_every_crop_offset_is_equally_likely():
    place = shifts(padding=4, samples=40_000) - 4
    chi_squared, limit = counted(place[:, 0] * 9 + place[:, 1], 81)
    assert chi_squared < limit


def test_every_cutout_centre_is_equally_likely():
    samples = 40_000
    images = torch.ones(samples, 1, 6, 8, dtype=torch.uint8)
    got = Augmentation(cutout=1)(images, torch.arange(samples), seed=0, epoch=0)
    chi_squared, limit = counted((got == 0).flatten(1).long().argmax(dim=1), 48)
    assert chi_squared < limit
    assert (got == 0).sum() == samples


def test_flip_and_crop_are_drawn_independently():
    samples = 40_000
    images = torch.zeros(samples, 1, 5, 6, dtype=torch.uint8)
    images[:, :, 2, 1] = 1
    augment = Augmentation(flip=True, crop_padding=1)
    place = augment(images, torch.arange(samples), seed=0, epoch=0).nonzero()[:, 2:]
    # Columns 0 to 2 unflipped, 3 to 5 flipped; rows 1 to 3.
    chi_squared, limit = counted((place[:, 0] - 1) * 6 + place[:, 1], 18)
    assert chi_squared < limit


@pytest.mark.parametrize("name", ["crop_padding", "cutout"])
def test_a_negative_size_is_refused(name: str):
    with pytest.raises(
        ValueError, match=rf"{name} must be 0 \(off\) or a number .* got -1"
    ):
        Augmentation(**{name: -1})
