"""What a run takes from the machine."""

import platform

import pytest
import torch
from torch import nn

from headway.engine import Machine, Precision, resolve_device, resolve_precision
from headway.engine.linear import onednn_linear, use_onednn_linear
from headway.engine.machine import (
    free_cores,
    has_native_bf16,
    keep_freed_memory,
    machine_settings,
    resolve_machine,
)
from headway.errors import InputError

CPU = torch.device("cpu")


def test_the_cpu_is_taken_where_there_is_no_gpu():
    expected = "cuda" if torch.cuda.is_available() else "cpu"

    assert resolve_device("auto").type == expected


@pytest.mark.parametrize("name", ["gpu9", "mps", "meta", "cpu:1", "cuda:x"])
def test_an_unknown_device_is_refused(name):
    with pytest.raises(InputError, match=r"machine\.device must be auto, cpu, cuda"):
        resolve_device(name)


@pytest.mark.gpu
def test_a_gpu_number_that_is_too_large_is_refused():
    with pytest.raises(InputError, match="is GPU 999, and torch sees"):
        resolve_device("cuda:999")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_an_absent_gpu_is_refused():
    with pytest.raises(InputError, match="torch sees no GPU"):
        resolve_device("cuda")


def test_there_is_always_a_free_core():
    assert 1 <= free_cores() <= 4096
    assert free_cores(processes=10_000) == 1


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the policy is glibc's")
def test_the_allocator_policy_is_accepted():
    assert keep_freed_memory()


def test_settings_are_put_back_after_the_run():
    threads = torch.get_num_threads()

    with machine_settings(Machine(threads=2, deterministic=True)):
        assert torch.get_num_threads() == 2
        assert torch.are_deterministic_algorithms_enabled()

    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


def test_every_auto_is_replaced():
    machine = resolve_machine(Machine(), CPU, mode="bf16")

    assert isinstance(machine.threads, int)
    assert machine.onednn_linear is False


def test_precision_is_bf16_only_where_the_hardware_has_it():
    precision = resolve_precision(Precision(), CPU, nn.Conv2d(1, 1, 1))

    assert precision.mode == ("bf16" if has_native_bf16(CPU) else "off")
    assert precision.channels_last is True


def test_a_network_without_convolutions_stays_in_float32_on_a_cpu():
    precision = resolve_precision(Precision(), CPU, nn.Linear(1, 1))

    assert (precision.mode, precision.channels_last) == ("off", False)


@pytest.mark.parametrize("shape", [(7, 33), (2, 5, 33)], ids=["matrix", "sequence"])
def test_linear_through_onednn_agrees_with_float64(shape):
    torch.manual_seed(0)
    x = torch.randn(shape, requires_grad=True)
    layer = nn.Linear(33, 9)
    exact = nn.Linear(33, 9).double()
    exact.load_state_dict(layer.state_dict())
    wide = x.detach().double().requires_grad_()

    onednn_linear(x, layer.weight, layer.bias).square().sum().backward()
    exact(wide).square().sum().backward()

    for ours, theirs in [
        (x.grad, wide.grad),
        (layer.weight.grad, exact.weight.grad),
        (layer.bias.grad, exact.bias.grad),
    ]:
        torch.testing.assert_close(ours.double(), theirs, rtol=1e-4, atol=1e-4)


def test_only_plain_linear_layers_are_changed_and_still_learn():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1))
    x = torch.randn(3, 4)
    before = model(x)

    assert use_onednn_linear(model) == 2
    torch.testing.assert_close(model(x), before)
    model(x).sum().backward()
    assert model[0].weight.grad is not None
