"""Experiments that count, time or evaluate, and blocks that are broken on purpose."""

from functools import partial

import pytest
from torch import nn

from headway.lab import Verdict
from headway.lab.experiments import (
    bottleneck_projections,
    bottleneck_time,
    gates,
    initial_loss,
    lenet_and_fully_connected,
)
from headway.lab.timing import median_seconds
from headway.nn import BasicBlock


@pytest.fixture
def counted_times(monkeypatch):
    """Multiply-adds in place of times, which no other program disturbs."""
    counts = {"B": 1.0, "C": 1.94}
    monkeypatch.setattr(bottleneck_projections, "median_seconds", lambda calls: counts)
    bottleneck_projections._sizes.cache_clear()
    yield
    bottleneck_projections._sizes.cache_clear()


@pytest.mark.parametrize("name", ["gates", "lenet-and-fully-connected", "initial-loss"])
def test_the_claim_holds(judged, monkeypatch, name):
    monkeypatch.setattr(initial_loss, "CLASSES", (2, 10))
    assert judged(name)[0] is Verdict.REPRODUCED


def test_gates_with_the_bias_of_an_or_add_wrongly(judged, monkeypatch):
    def all_or(num_bits: int) -> nn.Sequential:
        network = gates_of(num_bits)
        for layer in network:
            if isinstance(layer, nn.Linear):
                layer.bias.data.clamp_(min=-50.0)
        return network

    gates_of = gates.adder
    monkeypatch.setattr(gates, "adder", all_or)
    assert judged("gates")[0] is Verdict.NOT_REPRODUCED


def test_windows_that_ignore_the_stride_are_found(judged, monkeypatch):
    right = lenet_and_fully_connected.LocallyConnected2d

    def dense(*sizes, stride, **options):
        return right(*sizes, stride=1, **options)

    monkeypatch.setattr(lenet_and_fully_connected, "LocallyConnected2d", dense)
    assert judged("lenet-and-fully-connected", seeds=[0])[0] is Verdict.NOT_REPRODUCED


def test_a_last_layer_of_the_size_of_the_others_is_found(judged, monkeypatch):
    monkeypatch.setattr(initial_loss, "CLASSES", (2, 10))
    right = initial_loss._loss

    def loss(name: str, num_classes: int, std: float) -> float:
        return right(name, num_classes, max(std, 0.1))

    monkeypatch.setattr(initial_loss, "_loss", loss)
    assert judged("initial-loss")[0] is Verdict.NOT_REPRODUCED


def test_a_basic_block_in_place_of_a_bottleneck_is_found(judged, monkeypatch):
    monkeypatch.setattr(
        bottleneck_time, "median_seconds", lambda steps: dict.fromkeys(steps, 1.0)
    )
    name = "bottleneck, 256 wide"
    monkeypatch.setitem(bottleneck_time.BLOCKS, name, (256, BasicBlock))
    verdict, checks = judged("bottleneck-time", seeds=[0])
    assert verdict is not Verdict.REPRODUCED
    assert checks[0].values == (16.0,)


@pytest.mark.slow
def test_projections_on_all_shortcuts_double_bottlenecks(judged, counted_times):
    assert judged("bottleneck-projections")[0] is Verdict.REPRODUCED


@pytest.mark.slow
def test_the_wrong_shortcut_is_found(judged, counted_times, monkeypatch):
    right = bottleneck_projections.build_model

    def all_projected(name, *, options, **rest):
        wrong = {"B": "C"}.get(options["shortcut"], options["shortcut"])
        return right(name, options={**options, "shortcut": wrong}, **rest)

    monkeypatch.setattr(bottleneck_projections, "build_model", all_projected)
    assert judged("bottleneck-projections")[0] is Verdict.NOT_REPRODUCED


def test_calls_are_timed_by_turns():
    order: list[str] = []
    times = median_seconds({name: partial(order.append, name) for name in "ab"}, rounds=2)
    assert order == ["a", "b"] * 3
    assert set(times) == {"a", "b"}
    assert all(seconds >= 0 for seconds in times.values())
