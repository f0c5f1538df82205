"""Batch norm over two samples: the running statistics do not fit, and updates are noise."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/nikitakaraevv/pointnet/issues/18"
CAUSES = ("normalization", "batch_size")


def make(seed, batch_size):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(13, 32), nn.BatchNorm1d(32), nn.ReLU(),
        nn.Linear(32, 32), nn.BatchNorm1d(32), nn.ReLU(),
        nn.Linear(32, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3),
    )  # fmt: skip
    (x, y), val = data.table("wine")
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=0.01),
        "train": DataLoader(TensorDataset(x[:132], y[:132]), batch_size, shuffle=True),
        "val": DataLoader(TensorDataset(*val), 45),
        "epochs": 10,
    }


def make_faulty(seed=0):
    return make(seed, 2)


def make_fixed(seed=0):
    return make(seed, 33)
