"""Dropout of one half on a layer of seven units, in a network that predicts a number."""

import torch
from torch import nn

import data

SOURCE = "https://forums.fast.ai/t/dropout-hides-the-actual-overfit/57574"
CAUSES = ("regularization", "capacity")


def block(n_in, n_out, p):
    layers = [nn.Linear(n_in, n_out), nn.ReLU()]
    if p:
        layers.append(nn.Dropout(p))
    return layers


def make(seed, ps):
    torch.manual_seed(seed)
    sizes = [10, 32, 7]
    layers = []
    for n_in, n_out, p in zip(sizes, sizes[1:], ps, strict=False):
        layers += block(n_in, n_out, p)
    model = nn.Sequential(*layers, nn.Linear(sizes[-1], 1))
    train, val = data.friedman()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 20,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, ps=[0.5, 0.5])


def make_fixed(seed=0):
    return make(seed, ps=[0, 0])
