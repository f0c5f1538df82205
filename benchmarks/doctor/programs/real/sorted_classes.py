"""A loader that does not shuffle, over data that are sorted by class."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/Deci-AI/super-gradients/issues/416"
CAUSES = ("shuffle",)


def make(seed, shuffle):
    torch.manual_seed(seed)
    (x, y), val = data.mnist(2000, side=14)
    order = torch.argsort(y, stable=True)
    dataset = TensorDataset(x[order], y[order])
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(288, 10)
    )
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(
            model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4, nesterov=True
        ),
        "train": DataLoader(dataset, batch_size=32, shuffle=shuffle),
        "val": DataLoader(TensorDataset(*val), batch_size=100),
        "epochs": 5,
    }


def make_faulty(seed=0):
    return make(seed, shuffle=False)


def make_fixed(seed=0):
    return make(seed, shuffle=True)
