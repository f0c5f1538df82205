import pytest
import torch

from headway.data.augmentation import (
    Augmentation,
    ColorJitter,
    Geometry,
    RandAugment,
    TrivialAugment,
    pipeline,
)

MOVES = Augmentation(flip=True, vertical_flip=True, crop_padding=2, cutout=3)
EVERYTHING = Augmentation(
    flip=True,
    crop_padding=2,
    cutout=3,
    geometry=Geometry(rotation=20.0, lens=0.1, scale_crop=(1.0, 1.5)),
    color=ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3, noise=0.02),
)
MANY = pytest.mark.parametrize("augment", [MOVES, EVERYTHING], ids=["moves", "everything"])


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


@MANY
def test_the_input_stays_as_it_is(augment: Augmentation):
    images = random_images(8, 3, 8, 8)
    before = images.clone()
    augment(images, torch.arange(8), seed=0, epoch=0)
    assert torch.equal(images, before)


def test_nothing_is_changed_where_everything_is_off():
    images = random_images(8, 3, 8, 8)
    nothing = Augmentation()
    assert nothing.is_identity
    assert torch.equal(nothing(images, torch.arange(8), seed=0, epoch=0), images)


@MANY
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32], ids=["uint8", "float32"])
def test_the_type_and_shape_of_the_images_are_kept(
    augment: Augmentation, dtype: torch.dtype
):
    images = random_images(4, 3, 8, 10).to(dtype)
    got = augment(images, torch.arange(4), seed=0, epoch=0)
    assert (got.dtype, got.shape) == (images.dtype, images.shape)


@MANY
def test_a_sample_is_changed_in_the_same_way_in_every_batch(augment: Augmentation):
    images, indices = random_images(64, 3, 8, 8), torch.arange(64) + 1000
    whole = augment(images, indices, seed=1, epoch=2)
    picks = torch.tensor([63, 0, 17, 17])
    part = augment(images[picks], indices[picks], seed=1, epoch=2)
    # Matrix products of other batches may round otherwise, which moves a few values by one.
    assert (part.int() - whole[picks].int()).abs().max() <= 1
    assert (part == whole[picks]).float().mean() > 0.99


def test_large_batches_are_changed_part_by_part(monkeypatch: pytest.MonkeyPatch):
    images, indices = random_images(7, 3, 8, 8), torch.arange(7) + 10
    whole = EVERYTHING(images, indices, seed=0, epoch=0)
    for name in ("_PART_BYTES", "_FLOAT_PART_BYTES"):
        monkeypatch.setattr(pipeline, name, 2 * 3 * 8 * 8)
    parts = EVERYTHING(images, indices, seed=0, epoch=0)
    assert (parts.int() - whole.int()).abs().max() <= 1
    moved = MOVES(images, indices, seed=0, epoch=0)
    monkeypatch.undo()
    assert torch.equal(moved, MOVES(images, indices, seed=0, epoch=0))


@MANY
@pytest.mark.parametrize("other", [{"seed": 1, "epoch": 0}, {"seed": 0, "epoch": 1}])
def test_another_seed_or_epoch_changes_the_samples_otherwise(
    augment: Augmentation, other: dict[str, int]
):
    images, indices = random_images(64, 3, 8, 8), torch.arange(64)
    first = augment(images, indices, seed=0, epoch=0)
    second = augment(images, indices, **other)
    assert (first == second).flatten(1).all(dim=1).sum() < 8


def test_half_of_the_samples_are_mirrored():
    samples = 40_000
    images = torch.tensor([[[[0.0, 1.0]]]]).expand(samples, 1, 1, 2)
    got = Augmentation(flip=True)(images, torch.arange(samples), seed=0, epoch=0)
    assert abs(got[:, 0, 0, 0].double().mean() - 0.5) < 4 * 0.5 / samples**0.5


def test_half_of_the_samples_are_upside_down_whether_mirrored_or_not():
    samples = 40_000
    images = torch.tensor([[[[0.0, 1.0], [2.0, 3.0]]]]).expand(samples, 1, 2, 2)
    augment = Augmentation(flip=True, vertical_flip=True)
    corner = augment(images, torch.arange(samples), seed=0, epoch=0)[:, 0, 0, 0]
    chi_squared, limit = counted(corner.long(), 4)
    assert chi_squared < limit


def test_a_policy_comes_after_the_crop_and_before_the_cutout():
    images = torch.full((200, 3, 8, 8), 255, dtype=torch.uint8)
    indices = torch.arange(200)
    cut = Augmentation(cutout=8, policy=TrivialAugment())
    assert (cut(images, indices, seed=0, epoch=0) == 0).flatten(1).any(dim=1).all()
    moved = Augmentation(flip=True, crop_padding=2)
    policy = RandAugment()
    got = Augmentation(flip=True, crop_padding=2, policy=policy)(
        images, indices, seed=0, epoch=0
    )
    first = moved(images, indices, seed=0, epoch=0)
    assert torch.equal(got, policy(first, indices, seed=0, epoch=0))


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
