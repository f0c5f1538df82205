import pytest
import torch
from torchvision.transforms.v2 import functional as theirs

from headway.data.augmentation import ColorJitter
from headway.data.augmentation.color import luma, saturate, scale_values
from headway.data.fitting import fit_color_directions
from headway.data.splits import ArraySplit

BOTH = pytest.mark.parametrize(
    "dtype", [torch.uint8, torch.float32], ids=["uint8", "float"]
)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


def as_type(images: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return images if dtype == torch.uint8 else images.to(dtype) / 255


def jitter(images: torch.Tensor, *, epoch: int = 0, **settings) -> torch.Tensor:
    return ColorJitter(**settings)(images, torch.arange(len(images)), seed=0, epoch=epoch)


def assert_even(values: torch.Tensor, low: float, high: float) -> None:
    ranks = (values.double() - low) / (high - low)
    steps = torch.arange(1, len(ranks) + 1) / len(ranks)
    assert (ranks.sort().values - steps).abs().max() < 2.3 / len(ranks) ** 0.5


@pytest.mark.parametrize("largest", [1.0, 1.4, 2.0, 2.5, 4.0])
def test_whole_numbers_are_scaled_as_exactly_as_the_factor_says(largest: float):
    bits = {1.0: 7, 1.4: 7, 2.0: 7, 2.5: 6, 4.0: 6}[largest]
    gain = (torch.linspace(0, largest, 60) * 2**bits).floor().clamp(max=255) / 2**bits
    offset = torch.linspace(-300, 300, 60)[:, None]
    images = torch.arange(256, dtype=torch.uint8).expand(60, 1, 1, 256).contiguous()
    got = scale_values(images, gain, offset, largest=largest)
    exact = gain.double()[:, None] * torch.arange(256).double() + offset.double()
    # The offset counts in steps of 1 / 2**bits too, which may move a half.
    error = (got.view(60, 256).double() - exact.clamp(0, 255)).abs()
    assert error.max() <= 0.5 + 2.0**-bits


@BOTH
def test_brightness_is_that_of_torchvision(dtype: torch.dtype):
    images = as_type(noise(20, 3, 8, 8) // 2, dtype)
    got = jitter(images, brightness=0.9)
    for one, other in zip(got.double(), images, strict=True):
        factor = one.max() / other.double().max()
        expected = theirs.adjust_brightness(other, float(factor)).double()
        assert (one - expected).abs().max() <= (2 if dtype == torch.uint8 else 1e-6)


def test_contrast_and_saturation_are_those_of_torchvision():
    images = noise(1, 3, 16, 16).float() / 255 * 0.5 + 0.2
    gray = theirs.rgb_to_grayscale(images).mean()
    factor = torch.tensor([1.3])
    got = scale_values(images, factor, ((1 - factor) * gray)[:, None], largest=2.0)
    torch.testing.assert_close(got, theirs.adjust_contrast(images, 1.3), atol=1e-4, rtol=0)
    one, nothing = torch.ones(1), torch.zeros(1, 1)
    got = saturate(images, factor, gain=one, offset=nothing)
    torch.testing.assert_close(
        got, theirs.adjust_saturation(images, 1.3), atol=1e-4, rtol=0
    )


def test_saturation_zero_is_gray_as_torchvision_sees_it():
    images = noise(3, 3, 8, 8)
    got = saturate(images, torch.zeros(3), gain=torch.ones(3), offset=torch.zeros(3, 1))
    expected = theirs.rgb_to_grayscale(images, num_output_channels=3)
    assert (got.int() - expected.int()).abs().max() <= 1


def test_contrast_keeps_the_mean_gray_and_scales_the_distance_from_it():
    images = noise(50, 3, 8, 8).float() / 255
    got = jitter(images, contrast=0.5)
    means = luma(images).mean(dim=(1, 2, 3))
    torch.testing.assert_close(luma(got).mean(dim=(1, 2, 3)), means)
    ratio = got.flatten(1).std(dim=1) / images.flatten(1).std(dim=1)
    assert ratio.min() < 0.6
    assert ratio.max() > 1.4


def test_whole_numbers_follow_the_floats():
    images = noise(64, 3, 8, 8)
    for settings in (
        {"brightness": 0.4, "contrast": 0.4},
        {"saturation": 0.9},
        {"intensity": 0.2},
    ):
        got = jitter(images, **settings).float()
        floats = (jitter(images.float() / 255, **settings) * 255).clamp(0, 255)
        # A factor in steps of 1/128 is off by 1/256, and a value by 128 times that.
        assert (got - floats).abs().max() <= 1.1


def test_factors_are_even_between_both_limits():
    gray = torch.full((20_000, 1, 1, 1), 1.0)
    assert_even(jitter(gray, brightness=0.4).flatten(), 0.6, 1.4)
    assert_even(jitter(gray, intensity=0.3).flatten(), 0.7, 1.3)
    pair = torch.tensor([0.0, 2.0]).view(1, 1, 1, 2).expand(20_000, 1, 1, 2)
    changed = jitter(pair, contrast=0.4).flatten(1)
    assert_even((changed[:, 1] - changed[:, 0]) / 2, 0.6, 1.4)


def test_brightness_and_contrast_are_drawn_independently():
    pair = torch.tensor([0.0, 2.0]).view(1, 1, 1, 2).expand(20_000, 1, 1, 2)
    changed = jitter(pair, brightness=0.4, contrast=0.4).flatten(1)
    brightness = changed.mean(dim=1)
    contrast = (changed[:, 1] - changed[:, 0]) / 2 / brightness
    assert torch.corrcoef(torch.stack((brightness, contrast)))[0, 1].abs() < 4 / 20_000**0.5


def test_principal_colors_are_those_of_the_covariance():
    images = noise(30, 3, 5, 5)
    directions = torch.tensor(
        fit_color_directions(ArraySplit(images, torch.arange(30))), dtype=torch.float64
    )
    pixels = images.movedim(1, 0).flatten(1).double() / 255
    covariance = torch.cov(pixels, correction=0)
    sizes = directions.norm(dim=0)
    torch.testing.assert_close(sizes, torch.linalg.eigvalsh(covariance).flip(0))
    torch.testing.assert_close(covariance @ directions, directions * sizes)


def test_color_offsets_are_normal_along_the_principal_colors():
    directions = ((0.2, 0.01, 0.0), (0.2, -0.01, 0.0), (0.2, 0.0, 0.005))
    images = torch.zeros(20_000, 3, 2, 2)
    offsets = jitter(images, pca_color=0.1, color_directions=directions)
    assert (offsets == offsets[:, :, :1, :1]).all()
    alphas = torch.linalg.solve(torch.tensor(directions), offsets[:, :, 0, 0].T)
    torch.testing.assert_close(torch.cov(alphas), 0.01 * torch.eye(3), atol=5e-4, rtol=0)
    assert alphas.mean(dim=1).abs().max() < 4 * 0.1 / 20_000**0.5


def test_color_offsets_of_bytes_are_those_of_0_to_1_times_255():
    directions = ((0.2, 0.0, 0.0), (0.2, 0.0, 0.0), (0.2, 0.0, 0.0))
    images = torch.full((100, 3, 1, 1), 128, dtype=torch.uint8)
    settings = {"pca_color": 0.5, "color_directions": directions}
    floats = jitter(images.float() / 255, **settings) * 255
    assert (jitter(images, **settings).float() - floats.clamp(0, 255)).abs().max() <= 0.51


def test_noise_is_normal_and_differs_from_value_to_value():
    images = torch.full((50, 3, 20, 20), 0.5)
    added = (jitter(images, noise=0.1) - images).flatten()
    assert added.mean().abs() < 4 * 0.1 / len(added) ** 0.5
    assert abs(added.std() - 0.1) < 4 * 0.1 / (2 * len(added)) ** 0.5
    kurtosis = (added / 0.1).double().pow(4).mean()
    assert abs(kurtosis - 3) < 4 * (96 / len(added)) ** 0.5
    neighbours = torch.stack((added[:-1], added[1:]))
    assert torch.corrcoef(neighbours)[0, 1].abs() < 4 / len(added) ** 0.5


def test_noise_of_large_images_does_not_repeat():
    images = torch.zeros(1, 3, 256, 256)
    blocks = jitter(images, noise=1.0).flatten().split(1 << 16)
    assert not torch.equal(blocks[0], blocks[2])
    assert torch.corrcoef(torch.stack((blocks[0], blocks[2])))[0, 1].abs() < 4 / 256


def test_without_strength_nothing_happens():
    images = noise(2, 3, 4, 4)
    assert ColorJitter().is_identity
    assert jitter(images) is images


@BOTH
def test_the_input_stays_as_it_is(dtype: torch.dtype):
    images = as_type(noise(4, 3, 4, 4), dtype)
    before = images.clone()
    jitter(images, brightness=0.5, contrast=0.5, saturation=0.5, noise=0.1)
    assert torch.equal(images, before)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"brightness": 1.5}, r"brightness must be from 0 to 1, got 1.5"),
        ({"noise": -0.1}, r"noise must be from 0 to 1, got -0.1"),
        ({"pca_color": 0.1}, r"pca_color needs color_directions"),
        ({"saturation": 0.1}, r"saturation is for 3 channels, got 1"),
        (
            {"pca_color": 0.1, "color_directions": ((1.0, 0.0), (0.0, 1.0))},
            r"color_directions are for 2 channels, got images with 1",
        ),
    ],
    ids=["brightness", "noise", "no directions", "gray saturation", "other directions"],
)
def test_settings_that_do_not_fit_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        jitter(noise(1, 1, 4, 4), **settings)
