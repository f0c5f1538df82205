import pytest
import torch
from torchvision.transforms.v2 import AutoAugment as TheirAutoAugment
from torchvision.transforms.v2 import (
    AutoAugmentPolicy,
    InterpolationMode,
    TrivialAugmentWide,
)
from torchvision.transforms.v2 import RandAugment as TheirRandAugment

from headway.data.augmentation import AutoAugment, RandAugment, TrivialAugment
from headway.data.augmentation.elementary import OPERATIONS
from headway.data.augmentation.policies import (
    Range,
    apply_by_number,
    magnitudes,
    standard_space,
    sub_policies,
    wide_space,
)

NAMES = list(OPERATIONS)
POLICIES = [
    AutoAugment("cifar10"),
    AutoAugment("svhn"),
    RandAugment(3, 15),
    TrivialAugment(),
]
THEIRS = {
    "cifar10": AutoAugmentPolicy.CIFAR10,
    "imagenet": AutoAugmentPolicy.IMAGENET,
    "svhn": AutoAugmentPolicy.SVHN,
}


def noise(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


def torchvision(name: str, image: torch.Tensor, magnitude: float) -> torch.Tensor:
    return TrivialAugmentWide()._apply_image_or_video_transform(
        image, name, magnitude, interpolation=InterpolationMode.NEAREST, fill={}
    )


def some_magnitudes(name: str) -> torch.Tensor:
    range_ = wide_space().get(name, Range())
    values = torch.linspace(range_.low, range_.high, 7)
    if range_.is_whole:
        return values.round()
    return torch.cat((values, -values)) if range_.is_signed else values


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", NAMES)
def test_an_operation_is_that_of_torchvision(name: str, channels: int):
    magnitude = some_magnitudes(name)
    images = noise(len(magnitude), channels, 24, 30)
    got = OPERATIONS[name](images, magnitude)
    for one, image, strength in zip(got, images, magnitude.tolist(), strict=True):
        expected = torchvision(name, image, strength)
        difference = (one.int() - expected.int()).abs()
        # They cut off what follows the point of a value, and break ties between neighbors
        # by other roundings.
        is_same = difference <= 1
        assert is_same.double().mean() > 0.99


@pytest.mark.parametrize("name", NAMES)
def test_each_image_gets_its_own_magnitude(name: str):
    magnitude = some_magnitudes(name)
    images = noise(len(magnitude), 3, 8, 8)
    together = OPERATIONS[name](images, magnitude)
    for number in range(len(images)):
        part = slice(number, number + 1)
        assert torch.equal(OPERATIONS[name](images[part], magnitude[part]), together[part])


@pytest.mark.parametrize("learned_on", THEIRS)
def test_the_sub_policies_are_those_of_torchvision(learned_on: str):
    expected = TheirAutoAugment()._get_policies(THEIRS[learned_on])
    got = sub_policies(learned_on)
    assert len(got) == 25
    for ours, theirs in zip(got, expected, strict=True):
        for (number, chance, level), (name, probability, magnitude) in zip(
            ours, theirs, strict=True
        ):
            assert NAMES[number] == name
            assert chance == pytest.approx(probability)
            assert level * 9 == pytest.approx(magnitude or 0)


@pytest.mark.parametrize(
    ("space", "theirs", "bins"),
    [
        (standard_space(48, 64), TheirAutoAugment._AUGMENTATION_SPACE, 10),
        (standard_space(48, 64), TheirRandAugment._AUGMENTATION_SPACE, 31),
        (wide_space(), TrivialAugmentWide._AUGMENTATION_SPACE, 31),
    ],
    ids=["auto", "rand", "trivial"],
)
def test_the_magnitudes_are_those_of_torchvision(space, theirs, bins):
    for name, (of_bins, is_signed) in theirs.items():
        expected = of_bins(bins, 48, 64)
        if expected is None:
            assert name not in space
            continue
        number = torch.full((bins,), NAMES.index(name))
        level = torch.arange(bins) / (bins - 1)
        for sign, factor in ((0.4, -1 if is_signed else 1), (0.6, 1)):
            got = magnitudes(space, number, level, torch.full((bins,), sign))
            torch.testing.assert_close(got, factor * expected.float(), atol=1e-5, rtol=1e-5)


def test_the_operations_are_those_of_the_papers():
    assert {*TheirAutoAugment._AUGMENTATION_SPACE} == {*NAMES}
    assert {*TheirRandAugment._AUGMENTATION_SPACE} == {*NAMES, "Identity"} - {"Invert"}


def test_samples_of_one_operation_are_put_back_in_their_places():
    images = noise(5, 3, 4, 4)
    invert, nothing = NAMES.index("Invert"), len(NAMES)
    operation = torch.tensor([invert, nothing, invert, NAMES.index("Solarize"), nothing])
    got = apply_by_number(images, operation, torch.zeros(5))
    assert torch.equal(got[[0, 2]], 255 - images[[0, 2]])
    assert torch.equal(got[[1, 4]], images[[1, 4]])
    # From a threshold of 0 on, all values are inverted.
    assert torch.equal(got[3], 255 - images[3])


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: type(policy).__name__)
def test_a_sample_is_changed_in_the_same_way_in_every_batch(policy):
    images, indices = noise(64, 3, 8, 8), torch.arange(64) + 100
    whole = policy(images, indices, seed=1, epoch=2)
    picks = torch.tensor([63, 0, 17, 17])
    assert torch.equal(policy(images[picks], indices[picks], seed=1, epoch=2), whole[picks])
    other = policy(images, indices, seed=1, epoch=3)
    assert (whole == other).flatten(1).all(dim=1).sum() < 32


def test_each_operation_of_trivial_augment_is_equally_likely():
    draws = torch.rand(28_000, 3, generator=torch.Generator().manual_seed(0))
    ((operation, _),) = TrivialAugment()._choose(draws, 8, 8)
    counts = torch.bincount(operation, minlength=15)
    assert counts[NAMES.index("Invert")] == 0
    expected = torch.full((14,), 2000.0)
    observed = counts[counts > 0].float()
    chi_squared = ((observed - expected) ** 2 / expected).sum()
    assert chi_squared < 13 + 4 * 26**0.5


def test_rand_augment_draws_all_operations_at_one_level():
    draws = torch.rand(5000, 4, generator=torch.Generator().manual_seed(0))
    rounds = RandAugment(2, 30)._choose(draws, 10, 10)
    assert len(rounds) == 2
    for operation, magnitude in rounds:
        turned = magnitude[operation == NAMES.index("Rotate")]
        assert turned.abs().unique().tolist() == [30.0]
        assert abs((turned > 0).float().mean() - 0.5) < 4 * 0.5 / len(turned) ** 0.5
    assert not torch.equal(rounds[0][0], rounds[1][0])


def test_auto_augment_does_each_operation_by_its_chance():
    draws = torch.rand(50_000, 5, generator=torch.Generator().manual_seed(0))
    (first, _), _ = AutoAugment("cifar10")._choose(draws, 10, 10)
    # The first sub-policy inverts with probability 0.1.
    is_first = draws[:, 0] < 1 / 25
    share = (first[is_first] == NAMES.index("Invert")).float().mean()
    assert abs(share - 0.1) < 4 * (0.09 / is_first.sum()) ** 0.5


@pytest.mark.parametrize(
    "images", [torch.rand(1, 3, 4, 4), noise(1, 4, 4, 4)], ids=["floats", "four channels"]
)
def test_images_that_the_operations_are_not_for_are_refused(images: torch.Tensor):
    with pytest.raises(ValueError, match=r"is for uint8 images of 1 or 3 channels"):
        TrivialAugment()(images, torch.arange(1), seed=0, epoch=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandAugment(0), r"operations must be at least 1, got 0"),
        (lambda: RandAugment(2, 31), r"magnitude must be from 0 to 30, got 31"),
    ],
)
def test_settings_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
