"""Optimizer and average on the shards of FSDP, in a group of one process."""

from collections.abc import Iterator

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from headway.optim import WeightAverage, build_optimizer, clip_gradients_


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
