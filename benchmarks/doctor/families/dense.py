"""Healthy families of fully connected networks for classes and for labels."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

import data


def mlp(
    seed: int = 0,
    *,
    activation: type[nn.Module] = nn.ReLU,
    width: int = 64,
    depth: int = 2,
    lr: float = 1e-3,
) -> dict[str, Any]:
    """A plain ReLU network on digits, trained by Adam from tensors."""
    torch.manual_seed(seed)
    layers: list[nn.Module] = [nn.Linear(64, width), activation()]
    for _ in range(depth - 1):
        layers += [nn.Linear(width, width), activation()]
    model = nn.Sequential(*layers, nn.Linear(width, 10))
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 15,
        "metric": "accuracy",
    }


class TumorNet(nn.Module):
    """One logit for each row, through functional activations."""

    def __init__(self, width: int, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.fc1 = nn.Linear(30, width)
        self.fc2 = nn.Linear(width, width)
        self.out = nn.Linear(width, 1)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Return logits as a column."""
        x = self.activation(self.fc1(x))
        x = self.activation(self.fc2(x))
        return self.out(x)


def tanh_mlp(
    seed: int = 0,
    *,
    activation: Callable[[Tensor], Tensor] = torch.tanh,
    width: int = 24,
    lr: float = 0.05,
) -> dict[str, Any]:
    """A tanh network on breast cancer, yes or no, trained by SGD with momentum."""
    torch.manual_seed(seed)
    model = TumorNet(width, activation)
    (x, y), (val_x, val_y) = data.table("breast_cancer")
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9),
        "train": DataLoader(TensorDataset(x, y[:, None].float()), 32, shuffle=True),
        "val": DataLoader(TensorDataset(val_x, val_y[:, None].float()), 64),
        "epochs": 12,
    }


def deep_relu(
    seed: int = 0,
    *,
    activation: type[nn.Module] = nn.ReLU,
    width: int = 48,
    depth: int = 8,
    lr: float = 0.02,
) -> dict[str, Any]:
    """Eight ReLU layers with He's initialization on small MNIST, SGD with momentum."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Flatten())
    fan_in = 196
    for _ in range(depth):
        linear = nn.Linear(fan_in, width)
        nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
        nn.init.zeros_(linear.bias)
        model.extend([linear, activation()])
        fan_in = width
    model.append(nn.Linear(fan_in, 10))
    train, val = data.mnist(1500, side=14)
    return {
        "model": model,
        "loss_fn": F.cross_entropy,
        "optimizer": torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9),
        "train": train,
        "val": val,
        "batch_size": 50,
        "epochs": 20,
    }


def selu(
    seed: int = 0,
    *,
    activation: type[nn.Module] = nn.SELU,
    width: int = 40,
    depth: int = 6,
    lr: float = 0.03,
) -> dict[str, Any]:
    """A self-normalizing network on standardized digits."""
    torch.manual_seed(seed)
    sizes = [64] + [width] * depth
    blocks = [nn.Sequential(nn.Linear(a, b), activation()) for a, b in pairwise(sizes)]
    model = nn.Sequential(*blocks, nn.Linear(width, 10))
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0, module.in_features**-0.5)
            nn.init.zeros_(module.bias)
    (x, y), (val_x, val_y) = data.digits()
    mean, std = x.mean(), x.std()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=lr),
        "train": ((x - mean) / std, y),
        "val": ((val_x - mean) / std, val_y),
        "batch_size": 16,
        "epochs": 12,
        "metric": "accuracy",
    }


def spirals(
    seed: int = 0,
    *,
    activation: type[nn.Module] = nn.SiLU,
    width: int = 48,
    lr: float = 5e-3,
) -> dict[str, Any]:
    """A small SiLU network that must bend around three spiral arms."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(2, width),
        activation(),
        nn.Linear(width, width),
        activation(),
        nn.Linear(width, width),
        activation(),
        nn.Linear(width, 3),
    )
    train, val = data.spirals()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=lr),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 40,
    }


class Properties(Dataset[tuple[Tensor, Tensor]]):
    """Digits, and what is true of each: even, more than four, prime, has a loop."""

    def __init__(self, pair: data.Pair) -> None:
        self.images, ids = pair
        table = torch.tensor([[d % 2 == 0, d > 4, d in (2, 3, 5, 7), d in (0, 6, 8, 9)]
                              for d in range(10)])  # fmt: skip
        self.labels = table[ids].float()

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.images[index], self.labels[index]


def multilabel(
    seed: int = 0,
    *,
    activation: type[nn.Module] = nn.GELU,
    width: int = 64,
    lr: float = 3e-3,
) -> dict[str, Any]:
    """Four yes-or-no labels of each digit from a custom Dataset."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(64, width), activation(), nn.Linear(width, width), activation(),
        nn.Linear(width, 4),
    )  # fmt: skip
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": DataLoader(Properties(train), batch_size=64, shuffle=True),
        "val": DataLoader(Properties(val), batch_size=256),
        "epochs": 12,
    }


class WineNet(nn.Module):
    """Log-probabilities of three kinds of wine."""

    def __init__(self, width: int, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.hidden = nn.Linear(13, width)
        self.dropout = nn.Dropout(0.2)
        self.out = nn.Linear(width, 3)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Return log-probabilities."""
        x = self.dropout(self.activation(self.hidden(x)))
        return F.log_softmax(self.out(x), dim=1)


def wine(
    seed: int = 0,
    *,
    activation: Callable[[Tensor], Tensor] = F.relu,
    width: int = 32,
    lr: float = 0.01,
) -> dict[str, Any]:
    """A net with log-softmax and the negative log-likelihood on a table of 133 rows."""
    torch.manual_seed(seed)
    model = WineNet(width, activation)
    train, val = data.table("wine")
    return {
        "model": model,
        "loss_fn": nn.NLLLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": train,
        "val": val,
        "batch_size": 16,
        "epochs": 25,
        "metric": "accuracy",
    }
