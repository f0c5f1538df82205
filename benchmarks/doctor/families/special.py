"""Healthy families with a training of their own: frozen parts, accumulation, two inputs."""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import data


@cache
def _pretrained() -> dict[str, Tensor]:
    """Weights of a backbone that was trained on other images of the same kind."""
    torch.manual_seed(77)
    train, _ = data.mnist(4000, side=14)
    x, y = train[0][2500:], train[1][2500:]
    backbone = _backbone()
    model = nn.Sequential(backbone, nn.Linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(4):
        for batch in torch.randperm(len(x)).split(32):
            optimizer.zero_grad()
            F.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
    return {name: value.clone() for name, value in backbone.state_dict().items()}


def _backbone() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 4 * 4, 64),
        nn.ReLU(),
    )


def fine_tuning(seed: int = 0, *, width: int = 32, lr: float = 3e-3) -> dict[str, Any]:
    """A trained backbone, frozen, with a new head for even or odd."""
    state = _pretrained()
    torch.manual_seed(seed)
    backbone = _backbone()
    backbone.load_state_dict(state)
    for parameter in backbone.parameters():
        parameter.requires_grad = False
    head = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 2))
    model = nn.Sequential(backbone, head)
    (x, y), (val_x, val_y) = data.mnist(1200, side=14)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(
            (p for p in model.parameters() if p.requires_grad), lr=lr
        ),
        "train": DataLoader(TensorDataset(x, y % 2), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(val_x, val_y % 2), batch_size=256),
        "epochs": 6,
    }


def accumulation(
    seed: int = 0,
    *,
    activation: type[nn.Module] = nn.ReLU,
    width: int = 64,
    lr: float = 3e-3,
) -> dict[str, Any]:
    """Gradients of four small batches are added up before each update."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(196, width), nn.LayerNorm(width), activation(),
        nn.Linear(width, width), activation(), nn.Linear(width, 10),
    )  # fmt: skip
    count = 0

    def step(model: Any, optimizer: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
        nonlocal count
        loss = loss_fn(model(x), y)
        (loss / 4).backward()
        count += 1
        if count % 4 == 0:
            optimizer.step()
            optimizer.zero_grad()
        return loss.detach()

    train, val = data.mnist(1500, side=14)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=lr),
        "train": train,
        "val": val,
        "batch_size": 8,
        "epochs": 10,
        "metric": "accuracy",
        "step": step,
    }


class Comparer(nn.Module):
    """Tells from two images which digit is larger."""

    def __init__(self, width: int, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.tower = nn.Linear(64, width)
        self.hidden = nn.Linear(2 * width, width)
        self.out = nn.Linear(width, 1)
        self.activation = activation

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        """Return a probability for each pair."""
        towers = [self.activation(self.tower(x)) for x in (left, right)]
        x = self.activation(self.hidden(torch.cat(towers, dim=1)))
        return torch.sigmoid(self.out(x)).squeeze(1)


def _pairs_of_digits(pair: data.Pair) -> tuple[dict[str, Tensor], Tensor]:
    x, y = pair
    other = torch.randperm(len(x), generator=torch.Generator().manual_seed(3))
    return {"left": x, "right": x[other]}, (y > y[other]).float()


def two_inputs(
    seed: int = 0,
    *,
    activation: Callable[[Tensor], Tensor] = F.relu,
    width: int = 32,
    lr: float = 3e-3,
) -> dict[str, Any]:
    """Inputs by name, one tower for both, probabilities and binary cross-entropy."""
    torch.manual_seed(seed)
    model = Comparer(width, activation)
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.BCELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": _pairs_of_digits(train),
        "val": _pairs_of_digits(val),
        "batch_size": 32,
        "epochs": 15,
        "metric": "accuracy",
    }
