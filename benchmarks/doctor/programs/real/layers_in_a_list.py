"""Hidden layers kept in a Python list: the optimizer never sees them."""

from itertools import pairwise

import torch
import torch.nn as nn

import data

SOURCE = "https://github.com/meta-pytorch/torchfix/issues/31"
CAUSES = ("frozen_parameters",)


class FeedForward(nn.Module):
    def __init__(self, n_features, n_classes, n_hidden, width, container):
        super().__init__()
        sizes = [n_features] + [width] * n_hidden
        self.hidden_layers = container([nn.Linear(a, b) for a, b in pairwise(sizes)])
        self.out = nn.Linear(width, n_classes)

    def forward(self, x):
        for layer in self.hidden_layers:
            x = torch.relu(layer(x))
        return self.out(x)


def make(seed, container):
    torch.manual_seed(seed)
    model = FeedForward(64, 10, 4, 32, container)
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 12,
    }


def make_faulty(seed=0):
    return make(seed, list)


def make_fixed(seed=0):
    return make(seed, nn.ModuleList)
