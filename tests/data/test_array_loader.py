from typing import Any

import pytest
import torch

from headway.data import array_loader
from headway.data.array_loader import ArrayEvaluation, ArrayLoader
from headway.data.augmentation import Augmentation
from headway.data.batch import Batch, Shard
from headway.data.fitting import fit_preprocessing
from headway.data.mixing import Mixing
from headway.data.splits import ArraySplit

CPU = torch.device("cpu")
AUGMENTATION = Augmentation(flip=True, crop_padding=2, cutout=3)


@pytest.fixture(scope="module")
def arrays() -> ArraySplit:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (47, 3, 8, 8), dtype=torch.uint8, generator=generator)
    return ArraySplit(images, torch.arange(47))


def array_loader_of(split: ArraySplit, **settings: Any) -> ArrayLoader:
    defaults = {"batch_size": 10, "seed": 3, "device": CPU, "augmentation": AUGMENTATION}
    preprocessing = fit_preprocessing("channel-mean-std", split)
    return ArrayLoader(split, **{**defaults, "preprocessing": preprocessing, **settings})


def assert_equal(got: list[Batch], expected: list[Batch]) -> None:
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        assert torch.equal(one.inputs, other.inputs)
        assert torch.equal(one.targets, other.targets)
        assert one.weight == other.weight


def assert_shards_make_up(whole: list[Batch], parts: list[list[Batch]]) -> None:
    for batch, *shares in zip(whole, *parts, strict=True):
        assert torch.equal(torch.cat([share.inputs for share in shares]), batch.inputs)
        assert torch.equal(torch.cat([share.targets for share in shares]), batch.targets)


def test_a_batch_holds_inputs_and_targets_of_the_same_samples(arrays: ArraySplit):
    loader = ArrayLoader(arrays, batch_size=10, seed=0, device=CPU, drop_last=False)
    batches = list(loader.batches(0))
    assert [len(batch.targets) for batch in batches] == [10, 10, 10, 10, 7]
    for batch in batches:
        assert torch.equal(batch.inputs, arrays.inputs[batch.targets])
    seen = torch.cat([batch.targets for batch in batches])
    assert torch.equal(seen.sort().values, arrays.targets)


def test_a_loader_tells_its_sizes(arrays: ArraySplit):
    loader = array_loader_of(arrays)
    assert (loader.num_samples, loader.num_batches, loader.batch_size) == (40, 4, 10)
    assert len(list(loader.batches(0))) == 4


def test_a_split_smaller_than_a_batch_is_one_batch(arrays: ArraySplit):
    loader = array_loader_of(arrays, batch_size=100)
    assert [len(batch.targets) for batch in loader.batches(0)] == [47]


@pytest.mark.parametrize("start", range(5))
def test_batches_from_any_position_are_those_of_the_whole_epoch(
    arrays: ArraySplit, start: int
):
    whole = list(array_loader_of(arrays).batches(2))
    assert_equal(list(array_loader_of(arrays).batches(2, start)), whole[start:])


def test_another_epoch_or_seed_gives_other_batches(arrays: ArraySplit):
    first = next(array_loader_of(arrays).batches(0)).targets
    assert not torch.equal(next(array_loader_of(arrays).batches(1)).targets, first)
    assert not torch.equal(next(array_loader_of(arrays, seed=4).batches(0)).targets, first)


@pytest.mark.parametrize("world_size", [2, 3])
def test_the_shares_of_the_processes_make_up_the_batch_of_one(
    arrays: ArraySplit, world_size: int
):
    shards = [Shard(rank, world_size) for rank in range(world_size)]
    parts = [list(array_loader_of(arrays, shard=shard).batches(1)) for shard in shards]
    assert_shards_make_up(list(array_loader_of(arrays).batches(1)), parts)


@pytest.mark.parametrize("world_size", [2, 3])
def test_mixed_samples_of_the_processes_make_up_the_batch_of_one(
    arrays: ArraySplit, world_size: int
):
    settings = {"mixing": Mixing(47, mixup=1.0, cutmix=1.0), "drop_last": False}
    shards = [Shard(rank, world_size) for rank in range(world_size)]
    parts = [
        list(array_loader_of(arrays, shard=shard, **settings).batches(1))
        for shard in shards
    ]
    assert_shards_make_up(list(array_loader_of(arrays, **settings).batches(1)), parts)


def test_the_loss_of_a_mixed_batch_is_that_of_its_shares(arrays: ArraySplit):
    loss = torch.nn.functional.cross_entropy
    weight = torch.randn(192, 47, generator=torch.Generator().manual_seed(0))

    def losses(shard: Shard) -> list[torch.Tensor]:
        loader = array_loader_of(arrays, mixing=Mixing(47, mixup=0.5), shard=shard)
        return [
            loss(batch.inputs.flatten(1) @ weight, batch.targets) * batch.weight
            for batch in loader.batches(0)
        ]

    parts = [torch.stack(losses(Shard(rank, 3))) for rank in range(3)]
    torch.testing.assert_close(torch.stack(parts).mean(0), torch.stack(losses(Shard())))


def test_the_partner_of_a_sample_is_the_next_one_of_its_batch(arrays: ArraySplit):
    settings = {"augmentation": Augmentation(), "preprocessing": None}
    plain = array_loader_of(arrays, **settings)
    mixed = array_loader_of(arrays, mixing=Mixing(47, mixup=1.0), **settings)
    for one, other in zip(plain.batches(3), mixed.batches(3), strict=True):
        partners = one.targets.roll(-1)
        weight = other.targets.gather(1, one.targets[:, None])
        assert torch.equal(
            other.targets.topk(2).indices.sort(1).values,
            torch.stack((one.targets, partners), dim=1).sort(1).values,
        )
        first, second = one.inputs.float(), one.inputs.roll(-1, 0).float()
        blend = torch.lerp(second, first, weight[:, :, None, None])
        assert (other.inputs.float() - blend).abs().max() <= 0.51


def test_weighted_means_over_the_shares_make_up_the_mean_over_the_batch(arrays: ArraySplit):
    whole = next(array_loader_of(arrays).batches(0)).inputs.mean()
    parts = [next(array_loader_of(arrays, shard=Shard(i, 3)).batches(0)) for i in range(3)]
    weighted = torch.stack([part.inputs.mean() * part.weight for part in parts]).mean()
    torch.testing.assert_close(weighted, whole)


def test_the_augmentation_of_a_sample_does_not_depend_on_its_batch(arrays: ArraySplit):
    def samples(batch_size: int) -> torch.Tensor:
        loader = array_loader_of(arrays, batch_size=batch_size, drop_last=False)
        batches = list(loader.batches(5))
        targets = torch.cat([batch.targets for batch in batches])
        return torch.cat([batch.inputs for batch in batches])[targets.argsort()]

    assert torch.equal(samples(4), samples(47))


def test_images_are_augmented_before_they_are_preprocessed(arrays: ArraySplit):
    preprocess = fit_preprocessing("channel-mean-std", arrays)
    batch = next(array_loader_of(arrays, preprocessing=preprocess).batches(1))
    raw = arrays.inputs[batch.targets]
    expected = preprocess(AUGMENTATION(raw, batch.targets, seed=3, epoch=1))
    assert torch.equal(batch.inputs, expected)


@pytest.mark.parametrize("kind", ["none", "channel-mean-std", "pixel-mean"])
def test_inputs_that_are_too_large_to_prepare_give_the_same_batches(
    arrays: ArraySplit, kind: str, monkeypatch: pytest.MonkeyPatch
):
    settings = {
        "augmentation": Augmentation(),
        "preprocessing": fit_preprocessing(kind, arrays),
    }
    prepared = list(array_loader_of(arrays, **settings).batches(0))
    monkeypatch.setattr(array_loader, "_MAX_PREPARED_BYTES", 0)
    assert_equal(list(array_loader_of(arrays, **settings).batches(0)), prepared)


def test_loading_leaves_the_global_generator_and_the_split_alone(arrays: ArraySplit):
    state, inputs = torch.get_rng_state(), arrays.inputs.clone()
    list(array_loader_of(arrays).batches(0))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(arrays.inputs, inputs)


def test_an_evaluation_of_arrays_visits_every_sample_in_order(arrays: ArraySplit):
    preprocess = fit_preprocessing("pixel-mean", arrays)
    data = ArrayEvaluation(arrays, batch_size=20, device=CPU, preprocessing=preprocess)
    batches = list(data.batches())
    assert data.num_samples == 47
    assert [batch.mask for batch in batches] == [None, None, None]
    inputs = torch.cat([batch.inputs for batch in batches])
    assert torch.equal(inputs, preprocess(arrays.inputs))
    assert torch.equal(torch.cat([batch.targets for batch in batches]), arrays.targets)


def test_an_evaluation_too_large_to_prepare_is_the_same(
    arrays: ArraySplit, monkeypatch: pytest.MonkeyPatch
):
    settings = {
        "batch_size": 20,
        "device": CPU,
        "preprocessing": fit_preprocessing("pixel-mean", arrays),
    }
    prepared = list(ArrayEvaluation(arrays, **settings).batches())
    monkeypatch.setattr(array_loader, "_MAX_PREPARED_BYTES", 0)
    assert_equal(list(ArrayEvaluation(arrays, **settings).batches()), prepared)


def test_processes_evaluate_every_sample_once(arrays: ArraySplit):
    parts = [
        list(
            ArrayEvaluation(arrays, batch_size=12, device=CPU, shard=Shard(i, 3)).batches()
        )
        for i in range(3)
    ]
    assert len({len(part) for part in parts}) == 1
    batches = [batch for part in parts for batch in part]
    real = torch.cat([batch.targets[batch.mask] for batch in batches])
    assert torch.equal(real, arrays.targets)


@pytest.mark.gpu
def test_the_gpu_gets_the_batches_of_the_cpu(arrays: ArraySplit):
    expected = list(array_loader_of(arrays).batches(1))
    got = list(array_loader_of(arrays, device=torch.device("cuda")).batches(1))
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one.inputs.cpu(), other.inputs)
        assert torch.equal(one.targets.cpu(), other.targets)
