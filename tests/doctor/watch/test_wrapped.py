"""Compiled networks are not compiled again, parallel ones speak once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch._dynamo
import torch.distributed as dist
from torch import Tensor, nn

from headway.doctor.watch import Watch, watch


@pytest.fixture
def graphs() -> Iterator[list[Any]]:
    """Every graph that is compiled: a break or a new compilation makes one more."""
    torch._dynamo.reset()
    yield []
    torch._dynamo.reset()


class Chain(nn.Sequential):
    """A forward of its own: torch 2.11 never compiles that of torch's in place."""

    def forward(self, x: Tensor) -> Tensor:
        for layer in self:
            x = layer(x)
        return x


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return Chain(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 8), nn.Tanh())


def train(model: nn.Module, *, is_watched: bool = True, step: Any = None) -> Watch | None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    watched = watch(model, optimizer, every=2).start() if is_watched else None
    generator = torch.Generator().manual_seed(0)
    for _ in range(12):
        x = torch.randn(16, 5, generator=generator)
        optimizer.zero_grad()
        loss = (step or square)(model, x)
        loss.backward()
        optimizer.step()
        if watched is not None:
            watched.step(loss)
    if watched is not None:
        watched.close()
    return watched


def square(model: nn.Module, x: Tensor) -> Tensor:
    return model(x).square().mean()


def keeping(graphs: list[Any]) -> Any:
    def backend(graph: Any, _: Any) -> Any:
        graphs.append(graph)
        return graph.forward

    return backend


def whole(model: nn.Sequential, backend: Any) -> nn.Module:
    return torch.compile(model, backend=backend)


def in_place(model: nn.Sequential, backend: Any) -> nn.Module:
    model.compile(backend=backend)
    return model


def in_part(model: nn.Sequential, backend: Any) -> nn.Module:
    block = Chain(model[2], model[3])
    block.compile(backend=backend)
    return nn.Sequential(model[0], model[1], block)


def in_wrapped_part(model: nn.Sequential, backend: Any) -> nn.Module:
    block = torch.compile(nn.Sequential(model[2], model[3]), backend=backend)
    return nn.Sequential(model[0], model[1], block)


HOW = {
    "whole": (whole, [""]),
    "in place": (in_place, []),
    "in part": (in_part, ["0", "1"]),
    "in a wrapped part": (in_wrapped_part, ["0", "1", "2"]),
}


# The compiler itself looks at the gradient of an input that is no leaf.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")
@pytest.mark.parametrize("how", HOW)
def test_a_compiled_network_is_compiled_once_and_trained_the_same(
    how: str, graphs: list[Any]
) -> None:
    compiled, layers = HOW[how]
    plain, seen = (compiled(network(), keeping(graphs)) for _ in range(2))
    train(plain, is_watched=False)
    graphs.clear()
    torch._dynamo.reset()
    watched = train(seen)
    assert len(graphs) == 1
    assert watched is not None
    assert [layer.name for layer in watched.view.last.layers] == layers
    assert len(watched.view.last.weights) == 2
    assert "no longer sampled" not in watched.report()
    for a, b in zip(plain.parameters(), seen.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_compiled_step_around_the_network_is_compiled_once(graphs: list[Any]) -> None:
    step = torch.compile(square, backend=keeping(graphs), fullgraph=True)
    watched = train(network(), step=step)
    assert len(graphs) == 1
    assert watched is not None
    assert len(watched.view.last.weights) == 2


def test_a_network_in_parallel_training_keeps_its_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = f"file://{tmp_path / 'store'}"
    dist.init_process_group("gloo", init_method=store, rank=0, world_size=1)
    said: list[Any] = []
    try:
        model = nn.parallel.DistributedDataParallel(network())
        watched = train(model)
        for rank in (0, 1):
            monkeypatch.setattr(dist, "get_rank", lambda rank=rank: rank)
            with watch(model, every=1, on_alarm=said.append) as other:
                for _ in range(3):
                    other.step(float("nan"))
            assert len(other.alarms) == 1
    finally:
        dist.destroy_process_group()
    assert watched is not None
    assert [layer.name for layer in watched.view.last.layers] == ["0", "1", "2", "3"]
    assert [weight.name for weight in watched.view.last.weights] == ["0.weight", "2.weight"]
    assert len(said) == 1
