"""All data go into each update, so that there is one gradient step in an epoch."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/explosion/spaCy/issues/2605"
CAUSES = ("batch_size", "epochs_few", "lr_low")


def make(seed, batch_size):
    torch.manual_seed(seed)
    train, val = data.digits()
    model = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10))
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3),
        "train": DataLoader(TensorDataset(*train), batch_size, shuffle=True),
        "val": DataLoader(TensorDataset(*val), 150),
        "epochs": 12,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, len(data.digits()[0][1]))


def make_fixed(seed=0):
    return make(seed, 20)
