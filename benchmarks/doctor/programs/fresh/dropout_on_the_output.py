"""The block of linear, activation and dropout is used for the output layer as well."""

import torch
from torch import nn

import data

SOURCE = "https://stackguides.com/questions/38125657/what-layers-should-experience-dropout-when-training-a-neural-network"
CAUSES = ("regularization",)


def block(n_in, n_out, act, p):
    return nn.Sequential(nn.Linear(n_in, n_out), act, nn.Dropout(p))


def make(seed, p_out):
    torch.manual_seed(seed)
    net = nn.Sequential(
        block(10, 64, nn.ReLU(), 0.0),
        block(64, 64, nn.ReLU(), 0.0),
        block(64, 1, nn.Identity(), p_out),
    )
    train, val = data.friedman()
    # values far from zero, as the function has them before it is standardized
    train, val = ((x, 3 + y) for x, y in (train, val))
    return {
        "model": net,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=3e-3),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 20,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, p_out=0.5)


def make_fixed(seed=0):
    return make(seed, p_out=0.0)
