import mmap

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from headway.measure import resident_bytes, saved_bytes


def test_exp_saves_its_output():
    x = torch.ones(1000, requires_grad=True)
    assert saved_bytes(lambda: x.exp().sum()) == 4000


def test_a_product_of_a_tensor_with_itself_is_saved_once():
    x = torch.ones(1000, requires_grad=True)
    assert saved_bytes(lambda: (x * x).sum()) == 4000


def test_views_of_one_storage_count_once_and_whole():
    x = torch.ones(1000, requires_grad=True)
    assert saved_bytes(lambda: (x[:10] * x[10:20]).sum()) == 4000


def test_parameters_do_not_count():
    layer, x = nn.Linear(100, 100), torch.ones(8, 100, requires_grad=True)
    assert saved_bytes(lambda: layer(x).sum()) == 8 * 100 * 4


def test_a_linear_layer_and_relu_save_input_and_output():
    layer = nn.Linear(10, 20)
    assert saved_bytes(lambda: F.relu(layer(torch.ones(8, 10))).sum()) == 8 * (10 + 20) * 4


def test_nothing_is_saved_without_gradients():
    layer = nn.Linear(10, 20).requires_grad_(False)
    assert saved_bytes(lambda: layer(torch.ones(8, 10)).sum()) == 0


def test_checkpointing_saves_only_the_inputs_of_the_part():
    net = nn.Sequential(*(nn.Sequential(nn.Linear(16, 16), nn.Sigmoid()) for _ in range(6)))
    x = torch.ones(32, 16, requires_grad=True)
    size = x.numel() * 4
    stored = saved_bytes(lambda: net(x).sum())
    recomputed = saved_bytes(lambda: checkpoint(net, x, use_reentrant=False).sum())
    assert (stored, recomputed) == (7 * size, size)


def test_measuring_changes_no_gradient():
    layer, x = nn.Linear(5, 3), torch.ones(2, 5)
    losses = []
    saved_bytes(lambda: losses.append(layer(x).square().sum()) or losses[0])
    losses[0].backward()
    measured = layer.weight.grad.clone()
    layer.zero_grad()
    layer(x).square().sum().backward()
    assert torch.equal(layer.weight.grad, measured)


def test_the_peak_is_at_least_the_current_memory():
    now = resident_bytes()
    assert now.peak >= now.current > 0


def test_resident_memory_grows_by_what_is_filled():
    size = 64 * 2**20
    before = resident_bytes().current
    with mmap.mmap(-1, size) as pages:  # no allocator in between that may reuse memory
        pages.write(b"1" * size)
        assert resident_bytes().current - before > 0.9 * size
