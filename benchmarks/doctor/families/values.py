"""Healthy families that answer with values."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import data


def regression(
    seed: int = 0,
    *,
    activation: type[nn.Module] = nn.ReLU,
    width: int = 32,
    lr: float = 5e-3,
) -> dict[str, Any]:
    """Progression of diabetes from ten numbers, standardized columns, Adam."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(10, width), activation(), nn.Linear(width, width), activation(),
        nn.Linear(width, 1),
    )  # fmt: skip
    (x, y), (val_x, val_y) = data.table("diabetes")
    mean, std = y.mean(), y.std()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr, weight_decay=1e-3),
        "train": (x, ((y - mean) / std)[:, None]),
        "val": (val_x, ((val_y - mean) / std)[:, None]),
        "batch_size": 32,
        "epochs": 8,
        "metric": "r2",
    }


class Surface(nn.Module):
    """Two hidden layers and a flat output."""

    def __init__(self, width: int, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(10, width), nn.Linear(width, width)])
        self.head = nn.Linear(width, 1)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Return one value for each row, without a last dimension."""
        for layer in self.layers:
            x = self.activation(layer(x))
        return self.head(x).squeeze(-1)


def friedman(
    seed: int = 0,
    *,
    activation: Callable[[Tensor], Tensor] = F.relu,
    width: int = 48,
    lr: float = 3e-3,
) -> dict[str, Any]:
    """Friedman's function with Huber's loss and flat targets from a DataLoader."""
    torch.manual_seed(seed)
    model = Surface(width, activation)
    (x, y), (val_x, val_y) = data.friedman()
    return {
        "model": model,
        "loss_fn": nn.SmoothL1Loss(),
        "optimizer": torch.optim.RMSprop(model.parameters(), lr=lr),
        "train": DataLoader(TensorDataset(x, y[:, 0]), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(val_x, val_y[:, 0]), batch_size=300),
        "epochs": 12,
        "metric": "r2",
    }


class Autoencoder(nn.Module):
    """64 pixels to a code and back."""

    def __init__(self, code: int, width: int, activation: type[nn.Module]) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(64, width), activation(), nn.Linear(width, code)
        )
        self.decoder = nn.Sequential(
            nn.Linear(code, width), activation(), nn.Linear(width, 64)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the image made from the code."""
        return self.decoder(self.encoder(x))


def autoencoder(
    seed: int = 0,
    *,
    activation: type[nn.Module] = nn.ReLU,
    width: int = 48,
    code: int = 16,
    lr: float = 3e-3,
) -> dict[str, Any]:
    """An autoencoder of digits: the inputs are the targets."""
    torch.manual_seed(seed)
    model = Autoencoder(code, width, activation)
    (x, _), (val_x, _) = data.digits()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": (x, x),
        "val": (val_x, val_x),
        "batch_size": 32,
        "epochs": 15,
        "metric": "r2",
    }


def sine(
    seed: int = 0,
    *,
    activation: type[nn.Module] = nn.Tanh,
    width: int = 32,
    lr: float = 0.01,
) -> dict[str, Any]:
    """A curve of one variable, learned without validation data."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(1, width), activation(), nn.Linear(width, width), activation(),
        nn.Linear(width, 1),
    )  # fmt: skip
    train, _ = data.sine_curve()
    return {
        "model": model,
        "loss_fn": F.mse_loss,
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": train,
        "batch_size": 32,
        "epochs": 50,
    }
