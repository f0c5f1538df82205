"""Batch norm over several processes keeps the form that a layer has."""

import pytest
import torch
import torch.distributed as dist
from torch import nn

from headway.engine.distributed import (
    _global_batch_norm,
    _share_batch_statistics,
)
from headway.nn import BatchNorm


@pytest.fixture
def _one_process(tmp_path):
    store = dist.FileStore(str(tmp_path / "store"), 1)
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("_one_process")
@pytest.mark.parametrize(
    "norm",
    [
        nn.BatchNorm1d(3),
        BatchNorm(3),
        BatchNorm(3, unbiased=True, eps=0.0),
        BatchNorm(3, running_unbiased=False, momentum=None),
    ],
    ids=["torch", "default", "unbiased", "running biased"],
)
def test_the_batch_norm_of_all_processes_is_that_of_the_layer(norm):
    x = torch.randn(5, 3)
    together = _global_batch_norm(norm, x)
    statistics = [norm.running_mean.clone(), norm.running_var.clone()]
    norm.reset_running_stats()
    torch.testing.assert_close(norm(x), together)
    torch.testing.assert_close([norm.running_mean, norm.running_var], statistics)


def test_torch_does_not_replace_a_layer_whose_form_it_lacks():
    model = nn.Sequential(BatchNorm(3, unbiased=True), nn.BatchNorm1d(3))
    shared = _share_batch_statistics(model, torch.device("cuda"))
    assert type(shared[0]) is BatchNorm


def test_torch_replaces_its_own_layers_on_cuda():
    shared = _share_batch_statistics(nn.Sequential(nn.BatchNorm1d(3)), torch.device("cuda"))
    assert type(shared[0]) is nn.SyncBatchNorm
