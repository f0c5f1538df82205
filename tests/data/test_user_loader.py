from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import torch
from torch.utils.data import DataLoader, Dataset, DistributedSampler, IterableDataset

from headway.data.batch import Batch
from headway.data.user_loader import LoaderData, LoaderEvaluation
from headway.errors import DataError

CPU = torch.device("cpu")


def assert_equal(got: list[Batch], expected: list[Batch]) -> None:
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        assert torch.equal(one.inputs, other.inputs)
        assert torch.equal(one.targets, other.targets)
        assert one.weight == other.weight


class Pairs(Dataset[Any]):
    """Samples that draw noise from torch's global generator."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return index + torch.rand(3), index


class Endless(IterableDataset[Any]):
    def __iter__(self) -> Iterator[torch.Tensor]:
        return iter([torch.zeros(2)])


class Point(NamedTuple):
    x: torch.Tensor
    y: torch.Tensor


def loader_data(seed: int = 0, **settings: Any) -> LoaderData:
    loader = DataLoader(Pairs(), **{"batch_size": 3, "shuffle": True, **settings})
    return LoaderData(loader, seed=seed, device=CPU)


def user_settings(case: str) -> dict[str, Any]:
    return {
        "global": {},
        "generator": {"generator": torch.Generator()},
        "workers": {"num_workers": 2},
        "workers and generator": {"num_workers": 1, "generator": torch.Generator()},
    }[case]


USER_CASES = pytest.mark.parametrize(
    "case", ["global", "generator", "workers", "workers and generator"]
)


@USER_CASES
def test_a_users_loader_gives_the_same_batches_from_any_position(case: str):
    whole = list(loader_data(**user_settings(case)).batches(1))
    torch.rand(5)
    used = loader_data(**user_settings(case))
    list(used.batches(0))
    assert_equal(list(used.batches(1, start=2)), whole[2:])


@USER_CASES
def test_a_users_loader_leaves_the_global_generator_alone(case: str):
    state = torch.get_rng_state()
    list(loader_data(**user_settings(case)).batches(0))
    assert torch.equal(torch.get_rng_state(), state)


def test_a_users_loader_is_shuffled_anew_by_epoch_and_seed():
    def order(seed: int, epoch: int) -> list[int]:
        return torch.cat([b.targets for b in loader_data(seed).batches(epoch)]).tolist()

    assert sorted(order(0, 0)) == list(range(10))
    assert order(0, 0) != order(0, 1)
    assert order(0, 0) != order(1, 0)


def test_a_users_generator_of_the_sampler_is_seeded():
    def order() -> list[int]:
        sampler = torch.utils.data.RandomSampler(Pairs(), generator=torch.Generator())
        data = loader_data(shuffle=False, sampler=sampler)
        list(data.batches(0))
        return torch.cat([b.targets for b in data.batches(1)]).tolist()

    assert order() == order()


def test_a_distributed_sampler_is_told_the_epoch():
    def order(epoch: int) -> list[int]:
        sampler = DistributedSampler(Pairs(), num_replicas=2, rank=0)
        loader = DataLoader(Pairs(), batch_size=5, sampler=sampler)
        data = LoaderData(loader, seed=0, device=CPU, world_size=2)
        assert (data.batch_size, data.num_samples) == (10, 10)
        return torch.cat([b.targets for b in data.batches(epoch)]).tolist()

    assert order(0) != order(1)
    assert order(0) == order(0)


@pytest.mark.parametrize(
    ("settings", "sizes"),
    [
        ({}, (10, 4, 3)),
        ({"drop_last": True}, (9, 3, 3)),
        ({"shuffle": False, "batch_size": 1, "batch_sampler": [[0, 1], [2, 3, 4]]}, None),
    ],
    ids=["keep last", "drop last", "lists of samples"],
)
def test_a_users_loader_tells_its_sizes(
    settings: dict[str, Any], sizes: tuple[int, ...] | None
):
    data = loader_data(**settings)
    # Of bare lists of samples, the data set's ten are assumed to make up the two batches.
    expected = sizes or (10, 2, 5)
    assert (data.num_samples, data.num_batches, data.batch_size) == expected


def test_tensors_are_moved_wherever_they_are_in_a_batch():
    def collate(_: list[Any]) -> Any:
        inputs = {"image": torch.zeros(2), "points": Point(torch.zeros(1), torch.ones(1))}
        return inputs, [torch.zeros(2), "name"]

    loader = DataLoader(Pairs(), batch_size=10, collate_fn=collate)
    [batch] = LoaderData(loader, seed=0, device=torch.device("meta")).batches(0)
    assert batch.inputs["image"].is_meta
    assert isinstance(batch.inputs["points"], Point)
    assert batch.inputs["points"].y.is_meta
    assert batch.targets[0].is_meta
    assert batch.targets[1] == "name"


def test_a_batch_that_is_not_a_pair_is_refused():
    loader = DataLoader(torch.zeros(4, 2), batch_size=2)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"must be a pair .* got a Tensor of 2"):
        list(LoaderData(loader, seed=0, device=CPU).batches(0))


def test_a_loader_without_a_length_is_refused():
    with pytest.raises(DataError, match="the loader has no length"):
        LoaderData(DataLoader(Endless()), seed=0, device=CPU)


def test_a_loader_without_a_batch_is_refused():
    with pytest.raises(DataError, match="the loader has no batch"):
        loader_data(batch_size=11, drop_last=True)


def test_an_evaluation_by_a_users_loader_visits_its_batches_in_order():
    data = LoaderEvaluation(DataLoader(Pairs(), batch_size=4), device=CPU)
    state = torch.get_rng_state()
    batches = list(data.batches())
    assert torch.cat([batch.targets for batch in batches]).tolist() == list(range(10))
    assert data.num_samples == 10
    assert torch.equal(torch.get_rng_state(), state)
    assert_equal(list(data.batches()), batches)


def test_an_evaluation_by_a_loader_without_a_length_is_refused():
    with pytest.raises(DataError, match="the data set of the loader has no length"):
        LoaderEvaluation(DataLoader(Endless()), device=CPU)
