"""Hidden layers of three and of four units, between 196 pixels of a digit and ten classes."""

from itertools import pairwise

import torch
from torch import nn

import data

SOURCE = "https://github.com/kdexd/digit-classifier/issues/5"
CAUSES = ("capacity",)


class Network(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.weights = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(layers))

    def forward(self, x):
        x = x.flatten(1)
        for fc in self.weights[:-1]:
            x = torch.tanh(fc(x))
        return self.weights[-1](x)


def make(seed, layers):
    torch.manual_seed(seed)
    (x, y), (x_val, y_val) = data.mnist(5000, side=14)
    net = Network(layers)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9),
        "train": ((x - 0.13) / 0.31, y),
        "val": ((x_val - 0.13) / 0.31, y_val),
        "batch_size": 32,
        "epochs": 8,
    }


def make_faulty(seed=0):
    return make(seed, layers=[196, 3, 4, 10])


def make_fixed(seed=0):
    return make(seed, layers=[196, 128, 64, 10])
