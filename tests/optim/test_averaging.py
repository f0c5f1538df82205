import copy
import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from headway.errors import CheckpointError
from headway.optim import StochasticWeightAverage, WeightAverage


class Refuse(TorchDispatchMode):
    """Raise where a tensor's value is read on the host."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        assert func is not torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


class Masked(nn.Module):
    """A module with buffers of all kinds, one of which it replaces."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))
        self.register_buffer("mask", torch.full((2,), -math.inf))
        self.register_buffer("count", torch.tensor(0))
        self.register_buffer("mean", torch.zeros(2))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight + self.mask

    def set(self, value: float) -> None:
        nn.init.constant_(self.weight, value)
        self.count = torch.tensor(int(value))
        self.mean = torch.full((2,), value)


def batch_normalized() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def train(model: nn.Module, average: WeightAverage, *, seed: int, steps: int = 3) -> None:
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(8, 3, generator=generator)).square().mean().backward()
        optimizer.step()
        average.update()


def bits(tensors: dict[str, Tensor]) -> dict[str, bytes]:
    return {name: tensor.detach().numpy().tobytes() for name, tensor in tensors.items()}


def scalar_average(decay: float, values: list[float]) -> float:
    """Return the average after a weight started at 0 and took `values` in turn."""
    model = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    nn.init.zeros_(model.weight)
    average = WeightAverage(model, decay)
    for value in values:
        nn.init.constant_(model.weight, value)
        average.update()
    return average.state_dict()["averages"]["weight"].item()


def test_the_average_starts_at_the_weights() -> None:
    model = batch_normalized()
    averages = WeightAverage(model, 0.99).state_dict()["averages"]
    assert bits(averages) == bits(model.state_dict())


def test_a_constant_weight_is_approached_geometrically() -> None:
    # decay below 1 / 10 is never lowered by the warm-up
    assert scalar_average(0.05, [3.0] * 4) == pytest.approx(3.0 * (1 - 0.05**4), rel=1e-14)


def test_the_first_updates_have_a_smaller_decay() -> None:
    left = (1 / 10) * (2 / 11) * (3 / 12)
    assert scalar_average(0.999, [3.0] * 3) == pytest.approx(3.0 * (1 - left), rel=1e-14)


def test_the_decay_stops_rising_at_its_limit() -> None:
    # (1 + t) / (10 + t) passes 0.5 at t = 8
    left = math.prod(min(0.5, (1 + t) / (10 + t)) for t in range(20))
    assert 1 - scalar_average(0.5, [1.0] * 20) == pytest.approx(left, abs=1e-15)


def test_a_changing_weight_is_averaged_with_geometric_weights() -> None:
    d, values = 0.1, [1.0, -2.0, 5.0, 0.5]
    expected = sum((1 - d) * d ** (3 - i) * value for i, value in enumerate(values))
    assert scalar_average(d, values) == pytest.approx(expected, rel=1e-13)


def test_the_running_statistics_of_a_norm_are_averaged() -> None:
    model = nn.BatchNorm1d(1)
    average = WeightAverage(model, 0.05)
    model.running_mean.fill_(2.0)
    average.update()
    assert average.state_dict()["averages"]["running_mean"].item() == pytest.approx(1.9)


def test_a_counter_is_copied() -> None:
    model = nn.BatchNorm1d(1)
    average = WeightAverage(model, 0.99)
    model.num_batches_tracked.fill_(7)
    average.update()
    assert average.state_dict()["averages"]["num_batches_tracked"].item() == 7


def test_a_mask_of_infinities_stays_as_it_is() -> None:
    model = Masked()
    average = WeightAverage(model, 0.99)
    average.update()
    assert average.state_dict()["averages"]["mask"].tolist() == [-math.inf, -math.inf]


def test_a_buffer_that_its_module_replaces_is_followed() -> None:
    model = Masked()
    average = WeightAverage(model, 0.05)
    model.set(2.0)
    average.update()
    averages = average.state_dict()["averages"]
    assert (averages["mean"][0].item(), averages["count"].item()) == (pytest.approx(1.9), 2)


def test_a_shared_parameter_is_averaged_once() -> None:
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    model[1].weight = model[0].weight
    assert list(WeightAverage(model, 0.9).state_dict()["averages"]) == ["0.weight"]


def test_small_steps_of_bfloat16_weights_do_not_round_away() -> None:
    model = nn.Linear(1, 1, bias=False, dtype=torch.bfloat16)
    nn.init.constant_(model.weight, 256.0)
    average = WeightAverage(model, 0.999)
    average.num_updates = 100_000
    nn.init.constant_(model.weight, 258.0)
    average.update()
    averaged = average.state_dict()["averages"]["weight"].item()
    assert averaged == pytest.approx(256.002, abs=1e-4)


def test_float64_and_float32_weights_are_averaged_together() -> None:
    model = nn.Sequential(nn.Linear(1, 1, dtype=torch.float64), nn.Linear(1, 1))
    average = WeightAverage(model, 0.05)
    average.update()
    assert bits(average.state_dict()["averages"]).keys() == model.state_dict().keys()


def test_channels_last_weights_are_averaged() -> None:
    model = nn.Conv2d(2, 2, 3)
    average = WeightAverage(model, 0.05)
    model.to(memory_format=torch.channels_last)
    nn.init.ones_(model.weight)
    for _ in range(30):
        average.update()
    torch.testing.assert_close(
        average.state_dict()["averages"]["weight"], model.weight.data
    )


def test_the_update_never_reads_a_value_on_the_host() -> None:
    average = WeightAverage(batch_normalized(), 0.99)
    with Refuse():
        average.update()


def test_swapped_puts_the_average_into_the_model() -> None:
    model = batch_normalized()
    average = WeightAverage(model, 0.9)
    train(model, average, seed=1)
    with average.swapped():
        assert bits(model.state_dict()) == bits(average.state_dict()["averages"])


def test_swapped_puts_the_same_weights_back() -> None:
    model = batch_normalized()
    average = WeightAverage(model, 0.9)
    train(model, average, seed=1)
    before = bits(model.state_dict())
    with average.swapped():
        pass
    assert bits(model.state_dict()) == before


def fail_inside(model: nn.Module, average: WeightAverage) -> None:
    with average.swapped():
        nn.init.constant_(model[0].weight, math.nan)
        model(torch.randn(8, 3))  # moves the running statistics
        raise KeyError("body")


def test_swapped_puts_the_same_weights_back_when_the_body_raises() -> None:
    model = batch_normalized()
    average = WeightAverage(model, 0.9)
    train(model, average, seed=1)
    before = bits(model.state_dict())
    with pytest.raises(KeyError, match="body"):
        fail_inside(model, average)
    assert bits(model.state_dict()) == before


def test_swapped_puts_back_weights_that_are_not_finite() -> None:
    model = nn.Linear(1, 3, bias=False)
    average = WeightAverage(model, 0.9)
    model.weight.data = torch.tensor([[math.nan], [-0.0], [math.inf]])
    before = bits(model.state_dict())
    with average.swapped():
        pass
    assert bits(model.state_dict()) == before


def test_swapped_leaves_the_average_as_it_is() -> None:
    model = batch_normalized()
    average = WeightAverage(model, 0.9)
    train(model, average, seed=1)
    before = bits(average.state_dict()["averages"])
    with average.swapped():
        model(torch.randn(8, 3))
    assert bits(average.state_dict()["averages"]) == before


def test_the_optimizer_still_trains_the_weights_after_swapped() -> None:
    model = batch_normalized()
    average = WeightAverage(model, 0.9)
    parameters = [id(p) for p in model.parameters()]
    with average.swapped():
        pass
    assert [id(p) for p in model.parameters()] == parameters


def test_training_goes_on_bit_for_bit_from_the_state() -> None:
    model = batch_normalized()
    average = WeightAverage(model, 0.9)
    train(model, average, seed=1)
    resumed_model = copy.deepcopy(model)
    resumed = WeightAverage(resumed_model, 0.9)
    resumed.load_state_dict(copy.deepcopy(average.state_dict()))
    train(model, average, seed=2)
    train(resumed_model, resumed, seed=2)
    ours, theirs = average.state_dict(), resumed.state_dict()
    assert (ours["num_updates"], bits(ours["averages"])) == (6, bits(theirs["averages"]))


@pytest.mark.parametrize(
    "other", [nn.Linear(2, 2, bias=False), nn.Linear(3, 2)], ids=["names", "shapes"]
)
def test_the_state_of_another_model_is_refused(other: nn.Module) -> None:
    average = WeightAverage(nn.Linear(2, 2), 0.9)
    with pytest.raises(CheckpointError, match=r"do not fit the model: (bias|weight)"):
        average.load_state_dict(WeightAverage(other, 0.9).state_dict())


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_a_decay_out_of_range_is_refused(decay: float) -> None:
    with pytest.raises(ValueError, match=f"below 1, got {decay}"):
        WeightAverage(nn.Linear(1, 1), decay)


def swa_weights(weights: list[float], **settings: int) -> StochasticWeightAverage:
    model = nn.Linear(1, 1, bias=False)
    average = StochasticWeightAverage(model, total_steps=len(weights), **settings)
    for weight in weights:
        nn.init.constant_(model.weight, weight)
        average.update()
    return average


def average_of(average: StochasticWeightAverage) -> float:
    return average.state_dict()["averages"]["weight"].item()


@pytest.mark.parametrize(
    ("start", "every", "counted"),
    [(1, 1, [0, 1, 2, 3, 4, 5]), (4, 1, [3, 4, 5]), (1, 2, [1, 3, 5]), (6, 4, [5])],
)
def test_the_equal_average_is_the_mean_of_the_weights_that_count(
    start: int, every: int, counted: list[int]
) -> None:
    weights = [1.0, 5.0, -2.0, 7.0, 3.0, 11.0]
    average = swa_weights(weights, start=start, every=every)
    mean = sum(weights[index] for index in counted) / len(counted)
    assert average_of(average) == pytest.approx(mean, rel=1e-6)
    assert average.num_updates == len(counted)


def test_the_equal_average_is_that_of_torch() -> None:
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    ours = StochasticWeightAverage(model, start=1, every=1, total_steps=9)
    theirs = torch.optim.swa_utils.AveragedModel(model)
    for _ in range(9):
        nn.init.normal_(model.weight)
        ours.update()
        theirs.update_parameters(model)
    with ours.swapped():
        torch.testing.assert_close(model.weight, theirs.module.weight)


def test_before_its_first_weights_the_model_stays_as_it_is() -> None:
    model = nn.Linear(1, 1)
    average = StochasticWeightAverage(model, start=5, every=1, total_steps=9)
    nn.init.constant_(model.weight, 3.0)
    average.update()
    with average.swapped():
        assert model.weight.item() == 3.0


def test_measured_statistics_stay_with_the_average() -> None:
    model = nn.BatchNorm1d(1)
    average = StochasticWeightAverage(model, start=1, every=1, total_steps=2)
    assert not average.has_stale_statistics
    average.update()
    assert average.has_stale_statistics
    with average.swapped():
        model.running_mean.fill_(7.0)
        average.keep_statistics()
    assert not average.has_stale_statistics
    assert model.running_mean.item() == 0.0
    with average.swapped():
        assert model.running_mean.item() == 7.0


def test_an_equal_average_goes_on_from_its_state() -> None:
    weights = [1.0, 5.0, -2.0, 7.0]
    whole = swa_weights(weights, start=2, every=1)
    model = nn.Linear(1, 1, bias=False)
    first, second = (
        StochasticWeightAverage(model, start=2, every=1, total_steps=4) for _ in range(2)
    )
    for weight in weights[:3]:
        nn.init.constant_(model.weight, weight)
        first.update()
    second.load_state_dict(first.state_dict())
    nn.init.constant_(model.weight, weights[3])
    second.update()
    assert average_of(second) == average_of(whole)
    assert second.has_stale_statistics


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"start": 0, "every": 1}, r"start must be in 1\.\.5, got 0"),
        ({"start": 6, "every": 1}, r"start must be in 1\.\.5, got 6"),
        ({"start": 1, "every": 0}, "every must be at least 1, got 0"),
    ],
)
def test_steps_that_never_come_are_refused(settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StochasticWeightAverage(nn.Linear(1, 1), total_steps=5, **settings)
