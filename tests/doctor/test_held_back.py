from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from headway.doctor.examples import BatchStream, Examples
from headway.doctor.held_back import hold_back, with_validation
from headway.doctor.program import MakeProgram

NUMBERS = torch.arange(100)
DATASET = TensorDataset(NUMBERS.float(), NUMBERS)


class Stream:
    """Batches in a new order each time, without samples by number."""

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for numbers in torch.randperm(100).split(5):
            yield numbers.float(), numbers


SOURCES: dict[str, Callable[[], Examples]] = {
    "tensors": lambda: Examples(source=(NUMBERS.float(), NUMBERS), batch_size=7),
    "data set": lambda: Examples(source=DATASET, batch_size=7),
    "loader": lambda: Examples(source=DataLoader(DATASET, batch_size=7, shuffle=True)),
    "sampler": lambda: Examples(
        source=DataLoader(
            DATASET, batch_size=7, sampler=WeightedRandomSampler([1.0] * 100, 100)
        )
    ),
    "batch sampler": lambda: Examples(
        source=DataLoader(
            DATASET, batch_sampler=BatchSampler(RandomSampler(DATASET), 7, False)
        )
    ),
    "stream": lambda: Examples(source=BatchStream(Stream())),
}


def seen(examples: Examples, epochs: int = 3) -> set[int]:
    return {
        int(target)
        for _ in range(epochs)
        for _, targets in examples.batches()
        for target in targets
    }


@pytest.mark.parametrize("name", SOURCES)
def test_nothing_that_is_held_back_is_ever_trained_on(name: str):
    torch.manual_seed(0)
    left, held = hold_back(SOURCES[name]())
    assert not seen(left) & seen(held)
    assert len(seen(held)) == 20


@pytest.mark.parametrize("name", [name for name in SOURCES if "sampler" not in name])
def test_all_that_is_left_is_trained_on(name: str):
    torch.manual_seed(0)
    left, held = hold_back(SOURCES[name]())
    assert seen(left) | seen(held) == set(range(100))


@pytest.mark.parametrize("name", SOURCES)
def test_the_length_of_an_epoch_is_known(name: str):
    torch.manual_seed(0)
    left, _ = hold_back(SOURCES[name]())
    batches = [len(targets) for _, targets in left.batches()]
    assert abs(len(batches) - left.num_batches) <= 2


def test_data_in_a_fixed_order_stay_in_that_order():
    loader = Examples(source=DataLoader(DATASET, batch_size=7))
    left, _ = hold_back(loader)
    order = torch.cat([targets for _, targets in left.batches()])
    assert torch.equal(order, order.sort().values)


def test_the_same_samples_are_held_back_for_every_seed(digits: Callable[..., MakeProgram]):
    make = with_validation(digits(with_val=False))
    first, second = make(0).val, make(1).val
    assert first is not None
    assert second is not None
    assert torch.equal(first.source[0], second.source[0])


def test_validation_data_of_the_program_itself_are_kept(digits: Callable[..., MakeProgram]):
    program = with_validation(digits())(0)
    assert program.train.num_samples == 800


def test_a_remedy_that_makes_other_batches_sees_nothing_that_is_held_back():
    left, held = hold_back(SOURCES["sampler"]())
    assert not seen(left.rebatched(batch_size=4)) & seen(held)


def test_a_table_of_a_few_rows_is_judged_as_a_whole() -> None:
    few = Examples(source=(NUMBERS[:4].float(), NUMBERS[:4]), batch_size=2)
    left, held = hold_back(few)
    assert seen(left) == seen(held) == {0, 1, 2, 3}
