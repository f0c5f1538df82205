"""Optimizer and average on the shards of FSDP, in a group of one process."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from headway.optim import (
    Clipper,
    Penalty,
    SharpnessAware,
    WeightAverage,
    build_optimizer,
    clip_gradients_,
    decayed_parameters,
)


@pytest.fixture
def sharded_model() -> Iterator[nn.Module]:
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    fully_shard(model, mesh=init_device_mesh("cpu", (1,)), reshard_after_forward=True)
    yield model
    dist.destroy_process_group()


def test_fused_sgd_is_ignored_with_a_warning_on_shards(sharded_model: nn.Module) -> None:
    with pytest.warns(UserWarning, match="no fused sgd for parameters of class DTensor"):
        build_optimizer(sharded_model, name="sgd", lr=0.1)


def test_shards_are_clipped_stepped_averaged_and_swapped(sharded_model: nn.Module) -> None:
    optimizer = build_optimizer(sharded_model, name="adamw", lr=0.1, weight_decay=0.1)
    average = WeightAverage(sharded_model, 0.9)
    inputs = torch.ones(4, 3)
    sharded_model(inputs).square().sum().backward()
    clip_gradients_(sharded_model.parameters(), max_norm=1.0)
    optimizer.step()
    average.update()
    sharded_model.eval()
    before = sharded_model(inputs).tolist()
    with average.swapped():
        during = sharded_model(inputs).tolist()
    assert sharded_model(inputs).tolist() == before != during


@pytest.mark.parametrize("mode", ["norm", "per-tensor", "normalize", "percentile"])
def test_shards_are_clipped_in_every_mode(sharded_model: nn.Module, mode: str) -> None:
    whole = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    whole.load_state_dict(
        {name: _whole(tensor) for name, tensor in sharded_model.state_dict().items()}
    )
    bound = None if mode == "percentile" else 0.1
    for model in (whole, sharded_model):
        clip_ = Clipper(model.parameters(), mode=mode, max_norm=bound, percentile=50.0)
        for scale in (1.0, 3.0):
            model.zero_grad()
            (scale * model(torch.eye(4, 3))).square().sum().backward()
            clip_()
    for ours, theirs in zip(whole.parameters(), sharded_model.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, _whole(theirs.grad))


def test_shards_are_penalized_and_moved(sharded_model: nn.Module) -> None:
    sharded_model(torch.eye(4, 3)).square().sum().backward()
    before = [_whole(p.grad).clone() for p in sharded_model.parameters()]
    weights = decayed_parameters(sharded_model)
    Penalty(weights, l1=0.5, l2=0.25).add_gradients_()
    weight = _whole(weights[0].detach()).clone()
    torch.testing.assert_close(
        _whole(weights[0].grad), before[0] + 0.5 * weight.sign() + 0.5 * weight
    )
    with SharpnessAware(sharded_model, rho=0.1).ascended():
        assert not torch.equal(_whole(weights[0].detach()), weight)
        sharded_model(torch.eye(4, 3)).square().sum().backward()
    assert torch.equal(_whole(weights[0].detach()), weight)


@pytest.mark.parametrize("name", ["averaged-momentum", "muon"])
def test_the_other_optimizers_step_shards(sharded_model: nn.Module, name: str) -> None:
    whole = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    whole.load_state_dict(
        {name: _whole(tensor) for name, tensor in sharded_model.state_dict().items()}
    )
    for model in (whole, sharded_model):
        optimizer = build_optimizer(model, name=name, lr=0.1)
        for _ in range(2):
            model.zero_grad()
            model(torch.eye(4, 3)).square().sum().backward()
            optimizer.step()
    for ours, theirs in zip(whole.parameters(), sharded_model.parameters(), strict=True):
        torch.testing.assert_close(ours, _whole(theirs), rtol=1e-3, atol=1e-3)


def _whole(tensor: Any) -> torch.Tensor:
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
