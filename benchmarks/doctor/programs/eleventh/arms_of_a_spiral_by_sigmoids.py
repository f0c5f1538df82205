"""Three arms of a spiral, seven hidden layers, and a sigmoid after each of them.

Each sigmoid passes on a quarter of the gradient at most; the first layers do not move.
"""

from itertools import pairwise

import torch
from torch import nn

import data

SOURCE = "https://www.mohdvasim.com/blog/deep-learning/03-activations"
CAUSES = ("vanishing_gradient", "hidden_activation")


def mlp(sizes, activation):
    layers = []
    for n_in, n_out in pairwise(sizes[:-1]):
        layers += [nn.Linear(n_in, n_out), activation()]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


def make(seed, activation):
    torch.manual_seed(seed)
    train, val = data.spirals(1200, turns=0.9)
    net = mlp([2] + [40] * 7 + [3], activation)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=2e-3),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 50,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, nn.Sigmoid)


def make_fixed(seed=0):
    return make(seed, nn.ReLU)
