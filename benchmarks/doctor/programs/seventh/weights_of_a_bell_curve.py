"""A network from scratch has weights of torch.randn, not divided by the root of its inputs."""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

import data

SOURCE = "https://deepwiki.com/HanCreation/ScratchNN_DigitMNIST/3.2-weight-initialization-strategies"
CAUSES = ("init", "saturation")


def standard_normal(n_in, n_out):
    return torch.randn(n_in, n_out)


def scaled_normal(n_in, n_out):
    return torch.randn(n_in, n_out) * math.sqrt(1 / n_in)


class ScratchNN(nn.Module):
    """A digit classifier of matrices, with no nn.Linear."""

    def __init__(self, initialize_weights, sizes=(196, 64, 64, 10)):
        super().__init__()
        pairs = list(pairwise(sizes))
        self.W = nn.ParameterList([initialize_weights(i, o) for i, o in pairs])
        self.b = nn.ParameterList([torch.zeros(o) for _, o in pairs])

    def forward(self, x):
        a = x.flatten(1)
        for w, b in zip(self.W[:-1], self.b[:-1], strict=True):
            a = torch.tanh(a @ w + b)
        return a @ self.W[-1] + self.b[-1]


def standardized(pair):
    images, labels = pair
    return (images - 0.13) / 0.3, labels


def make(seed, initialize_weights):
    torch.manual_seed(seed)
    train, val = data.mnist(2000, side=14)
    net = ScratchNN(initialize_weights)
    return {
        "model": net,
        "loss_fn": F.cross_entropy,
        "optimizer": torch.optim.SGD(net.parameters(), lr=0.05),
        "train": standardized(train),
        "val": standardized(val),
        "batch_size": 20,
        "epochs": 10,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, standard_normal)


def make_fixed(seed=0):
    return make(seed, scaled_normal)
