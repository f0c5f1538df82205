"""Log-softmax along the batch, whose size is one: every output is zero, whatever comes in."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/falloutdurham/beginners-pytorch-deep-learning/pull/36"
CAUSES = ("output_activation", "loss_mismatch")


def make(seed, dim):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Flatten(),
        nn.Linear(196, 32),
        nn.ReLU(),
        nn.Linear(32, 10),
        nn.LogSoftmax(dim=dim),
    )
    (x, y), val = data.mnist(1500, side=14)
    return {
        "model": net,
        "loss_fn": nn.NLLLoss(),
        "optimizer": torch.optim.SGD(net.parameters(), lr=0.01),
        "train": (x[:800], y[:800]),
        "val": val,
        "batch_size": 1,
        "epochs": 5,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, dim=0)


def make_fixed(seed=0):
    return make(seed, dim=1)
