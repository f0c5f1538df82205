import pytest
import torch

from headway.data.mixing import Mixing, rectangles

SAMPLES = 20_000


def images_and_targets(batch: int, classes: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images of one value each, with one more that follows the last."""
    values = torch.arange(batch + 1.0)
    return values[:, None, None, None].expand(-1, 3, 8, 10), torch.arange(
        batch + 1
    ) % classes


def mix(mixing: Mixing, batch: int = 100, **changes) -> tuple[torch.Tensor, torch.Tensor]:
    images, targets = images_and_targets(batch)
    settings = {"seed": 0, "epoch": 0} | changes
    return mixing(images, targets, torch.arange(batch + 1), **settings)


def test_mixup_blends_each_image_with_the_next_one_and_targets_alike():
    images, targets = mix(Mixing(5, mixup=1.0))
    values = images[:, 0, 0, 0]
    weight = 1 - (values - torch.arange(100.0))
    assert (images == values[:, None, None, None]).all()
    own, following = torch.arange(100) % 5, torch.arange(1, 101) % 5
    torch.testing.assert_close(targets[torch.arange(100), own], weight, atol=1e-4, rtol=0)
    torch.testing.assert_close(
        targets[torch.arange(100), following], 1 - weight, atol=1e-4, rtol=0
    )
    torch.testing.assert_close(targets.sum(dim=1), torch.ones(100))


def test_cutmix_weighs_targets_by_the_area_that_is_left():
    images, targets = mix(Mixing(5, cutmix=1.0))
    numbers = torch.arange(100)
    is_own = images == numbers[:, None, None, None]
    assert (is_own | (images == numbers[:, None, None, None] + 1)).all()
    area = is_own.flatten(1).float().mean(dim=1)
    torch.testing.assert_close(targets[numbers, numbers % 5], area)
    torch.testing.assert_close(targets[numbers, (numbers + 1) % 5], 1 - area)


def test_cutmix_pastes_one_rectangle_from_the_same_place():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(51, 3, 8, 10, generator=generator)
    plan = Mixing(5, cutmix=1.0).plan(torch.arange(50), seed=0, epoch=0, size=(8, 10))
    got = plan.mix(images)
    assert plan.is_pasted is not None
    for number, is_pasted in enumerate(plan.is_pasted):
        expected = torch.where(is_pasted, images[number + 1], images[number])
        assert torch.equal(got[number], expected)
        rows, columns = is_pasted.any(dim=1), is_pasted.any(dim=0)
        assert torch.equal(is_pasted, rows[:, None] & columns)
        assert (rows.int().diff() != 0).sum() <= 2
        assert (columns.int().diff() != 0).sum() <= 2


def test_with_both_each_sample_takes_one_of_the_two():
    plan = Mixing(5, mixup=1.0, cutmix=1.0).plan(
        torch.arange(SAMPLES), seed=0, epoch=0, size=(8, 10)
    )
    assert plan.blend is not None
    assert plan.is_pasted is not None
    is_pasted = plan.is_pasted.flatten(1).any(dim=1)
    assert not (is_pasted & (plan.blend < 1)).any()
    assert abs((plan.blend < 1).float().mean() - 0.5) < 4 * 0.5 / SAMPLES**0.5


def test_both_mix_the_neighbors_as_they_came():
    mixing = Mixing(5, mixup=1.0, cutmix=1.0)
    images, _ = images_and_targets(100)
    got, targets = mix(mixing)
    # An image that has taken from its next one passes nothing of that on.
    numbers = torch.arange(100)
    assert (got >= numbers[:, None, None, None]).all()
    assert (got <= numbers[:, None, None, None] + 1).all()
    mean = got.mean(dim=(1, 2, 3)) - numbers
    torch.testing.assert_close(targets[numbers, (numbers + 1) % 5], mean, atol=1e-4, rtol=0)
    assert torch.equal(images, images_and_targets(100)[0])


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_the_parts_that_stay_have_the_moments_of_their_distribution(alpha: float):
    plan = Mixing(5, mixup=alpha).plan(torch.arange(SAMPLES), seed=0, epoch=0, size=(4, 4))
    variance = 1 / (4 * (2 * alpha + 1))
    assert abs(plan.weight.mean() - 0.5) < 4 * (variance / SAMPLES) ** 0.5
    assert abs(plan.weight.var() - variance) < 4 * 0.5 * variance / SAMPLES**0.5


def test_the_area_that_cutmix_leaves_has_its_mean_in_closed_form():
    plan = Mixing(5, cutmix=1.0).plan(torch.arange(2000), seed=0, epoch=0, size=(96, 96))
    # A side s covers s - s**2 / 4 on average after cutting off; s**2 is even in 0..1:
    # the integral of 2 s (s - s**2 / 4)**2 is 77 / 240.
    assert abs(plan.weight.mean() - (1 - 77 / 240)) < 4 * 0.25 / 2000**0.5
    assert plan.weight.max() == 1.0


def test_rectangles_have_the_asked_area_and_stay_in_the_image():
    area, centre = torch.tensor([0.0, 0.25, 1.0, 0.25]), torch.full((4, 2), 0.5)
    centre[3] = 0.0
    got = rectangles(area, centre, (8, 12)).flatten(1).float().mean(dim=1)
    assert got.tolist() == pytest.approx([0.0, 0.25, 1.0, 0.0625])


def test_a_sample_is_mixed_in_the_same_way_in_every_batch():
    mixing = Mixing(5, mixup=0.3, cutmix=1.0)
    whole = mix(mixing)
    images, targets = images_and_targets(100)
    picks = torch.tensor([40, 41, 42])
    part = mixing(images[picks], targets[picks], picks, seed=0, epoch=0)
    assert torch.equal(part[0], whole[0][40:42])
    assert torch.equal(part[1], whole[1][40:42])
    assert not torch.equal(mix(mixing, epoch=1)[0], whole[0])


def test_bytes_are_rounded():
    images = torch.randint(0, 256, (51, 3, 4, 4), dtype=torch.uint8)
    plan = Mixing(5, mixup=1.0).plan(torch.arange(50), seed=0, epoch=0, size=(4, 4))
    got, exact = plan.mix(images), plan.mix(images.float())
    assert got.dtype == torch.uint8
    assert (got.float() - exact).abs().max() <= 0.5 + 1e-4


def test_float_targets_are_blended_as_they_are():
    targets = torch.tensor([[0.0, 1.0], [1.0, 1.0]])
    mixing = Mixing(0, mixup=1.0)
    plan = mixing.plan(torch.arange(1), seed=0, epoch=0, size=(4, 4))
    got = mixing.mix_targets(targets, plan)
    torch.testing.assert_close(got, torch.tensor([[1 - float(plan.weight), 1.0]]))


def test_nothing_is_mixed_where_both_are_off():
    assert Mixing(3).is_identity
    assert not Mixing(3, cutmix=0.5).is_identity


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_a_negative_alpha_is_refused(name: str):
    with pytest.raises(ValueError, match=rf"{name} must not be negative, got -1"):
        Mixing(3, **{name: -1.0})
