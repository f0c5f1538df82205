import pytest
import torch

from headway.data.batch import Shard
from headway.data.order import TrainingPlan, epoch_order, evaluation_shares


def test_an_epoch_visits_every_sample_once():
    assert torch.equal(epoch_order(0, 0, 1000).sort().values, torch.arange(1000))


def test_the_order_depends_on_the_seed_and_the_epoch_only():
    torch.rand(3)
    assert torch.equal(epoch_order(1, 2, 100), epoch_order(1, 2, 100))
    assert not torch.equal(epoch_order(1, 2, 100), epoch_order(1, 3, 100))
    assert not torch.equal(epoch_order(1, 2, 100), epoch_order(2, 2, 100))


def test_drawing_an_order_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    epoch_order(0, 0, 10)
    assert torch.equal(torch.get_rng_state(), before)


def test_every_place_is_equally_likely_for_a_sample():
    firsts = torch.stack([epoch_order(0, epoch, 10)[0] for epoch in range(2000)])
    counts = torch.bincount(firsts, minlength=10).double()
    # Chi-squared with 9 degrees of freedom: standard deviation 4.2.
    assert float(((counts - 200) ** 2 / 200).sum()) < 9 + 4 * 4.2


@pytest.mark.parametrize(
    ("plan", "sizes"),
    [
        (TrainingPlan(10, 4), [4, 4]),
        (TrainingPlan(10, 4, drop_last=False), [4, 4, 2]),
        (TrainingPlan(8, 4, drop_last=False), [4, 4]),
        (TrainingPlan(3, 4), [3]),
        (TrainingPlan(9, 4, Shard(1, 2), drop_last=False), [2, 2]),
    ],
    ids=["drop last", "keep last", "whole batches", "less than a batch", "rest too small"],
)
def test_an_epoch_is_cut_into_batches(plan: TrainingPlan, sizes: list[int]):
    shares = plan.shares(torch.arange(plan.length))
    assert [len(share) for share, _ in shares] == sizes
    assert plan.num_batches == len(sizes)
    assert plan.num_samples == sum(sizes) * plan.shard.world_size


@pytest.mark.parametrize("start", range(4))
def test_the_shares_from_a_position_on_are_the_last_of_all(start: int):
    plan, order = TrainingPlan(10, 4, drop_last=False), epoch_order(0, 0, 10)
    rest, whole = plan.shares(order, start), plan.shares(order)
    assert [share.tolist() for share, _ in rest] == [s.tolist() for s, _ in whole[start:]]


@pytest.mark.parametrize("world_size", [2, 3, 5])
def test_the_shares_of_all_processes_make_up_the_global_batch(world_size: int):
    order = epoch_order(0, 0, 47)
    whole = TrainingPlan(47, 8, drop_last=False).shares(order)
    parts = [
        TrainingPlan(47, 8, Shard(rank, world_size), drop_last=False).shares(order)
        for rank in range(world_size)
    ]
    for position, (batch, _) in enumerate(whole):
        assert torch.equal(torch.cat([part[position][0] for part in parts]), batch)


def test_the_weights_let_every_sample_count_the_same():
    order = torch.arange(8)
    for rank in range(3):
        share, weight = TrainingPlan(8, 8, Shard(rank, 3)).shares(order)[0]
        # A mean over the share, times its weight, averaged over the processes.
        assert weight / len(share) / 3 == pytest.approx(1 / 8)


def test_an_empty_split_is_refused():
    with pytest.raises(ValueError, match="needs at least one sample, got an empty split"):
        TrainingPlan(0, 4)
    with pytest.raises(ValueError, match="needs at least one sample, got an empty split"):
        evaluation_shares(0, 4, Shard())


def test_more_processes_than_samples_in_a_batch_are_refused():
    with pytest.raises(
        ValueError, match="a batch of 2 samples cannot be shared by 4 processes"
    ):
        TrainingPlan(100, 2, Shard(0, 4))


@pytest.mark.parametrize("start", [-1, 4])
def test_a_position_outside_the_epoch_is_refused(start: int):
    with pytest.raises(
        ValueError, match=f"start must be a position from 0 to 3, got {start}"
    ):
        TrainingPlan(12, 4).shares(torch.arange(12), start)


def test_an_evaluation_visits_the_samples_in_their_order():
    shares = evaluation_shares(10, 4, Shard())
    assert [indices.tolist() for indices, _ in shares] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9],
    ]
    assert all(mask is None for _, mask in shares)


@pytest.mark.parametrize("length", [1, 2, 7, 12, 13])
def test_processes_evaluate_every_sample_once_in_equally_many_batches(length: int):
    world_size, seen, counts = 3, [], set()
    for rank in range(world_size):
        shares = evaluation_shares(length, 6, Shard(rank, world_size))
        counts.add(tuple(len(indices) for indices, _ in shares))
        seen += [i for indices, mask in shares for i in indices[mask].tolist()]
    assert seen == list(range(length))
    assert len(counts) == 1
