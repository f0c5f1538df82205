"""Small programs with one fault each, and how far they get."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from headway.doctor.examples import Examples
from headway.doctor.program import Program, seed_all
from headway.doctor.training import train


@cache
def digits() -> tuple[Tensor, Tensor]:
    data = load_digits()
    order = torch.randperm(len(data.target), generator=torch.Generator().manual_seed(0))
    inputs = torch.tensor(data.data, dtype=torch.float32)[order] / 16
    return inputs[:900], torch.tensor(data.target)[order][:900]


def mlp(*middle: nn.Module, width: int = 32, num_outputs: int = 10) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(64, width), *(middle or (nn.ReLU(),)), nn.Linear(width, num_outputs)
    )


def sgd(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=0.1, momentum=0.9)


def on_digits(
    model: Callable[[], nn.Module] = mlp,
    *,
    loss_fn: Any = None,
    optimizer: Callable[[Any], torch.optim.Optimizer] = sgd,
    inputs: Callable[[Tensor], Any] = lambda x: x,
    targets: Callable[[Tensor], Any] = lambda y: y,
    batch_size: int = 32,
    shuffle: bool = True,
    seed: int = 0,
    scheduler: Callable[[Any], Any] = lambda _: None,
    **others: Any,
) -> Program:
    """Return a program that learns 600 digits, and by default learns them well."""
    seed_all(seed)
    x, y = digits()
    net = model()
    opt = optimizer(net.parameters())
    settings: dict[str, Any] = {
        "model": net,
        "loss_fn": loss_fn or nn.CrossEntropyLoss(),
        "optimizer": opt,
        "train": Examples(
            source=(inputs(x[:600]), targets(y[:600])),
            batch_size=batch_size,
            shuffle=shuffle,
        ),
        "val": Examples(source=(inputs(x[600:]), targets(y[600:])), shuffle=False),
        "epochs": 6,
        "scheduler": scheduler(opt),
        "seed": seed,
    }
    return Program(**(settings | others))


def reached(program: Program) -> float:
    """Train a program and return its metric on validation data, 0 where that is no number."""
    last = train(program, evaluations=1).last
    metric = (last.val or last.train).metric
    return metric if metric == metric else 0.0


@pytest.fixture(name="on_digits")
def _on_digits() -> Callable[..., Program]:
    return on_digits


@pytest.fixture(name="reached")
def _reached() -> Callable[[Program], float]:
    return reached


@pytest.fixture(name="mlp")
def _mlp() -> Callable[..., nn.Sequential]:
    return mlp
