"""A network of one's own tensors: every weight comes from torch.randn, unscaled.

Sums over 784 pixels and 128 units make scores of hundreds before anything is learned.
"""

import math

import torch
from torch import nn

import data

SOURCE = (
    "https://deepwiki.com/HanCreation/ScratchNN_DigitMNIST/"
    "3.2-weight-initialization-strategies"
)
CAUSES = ("init", "exploding_gradient")


class Mnist_MLP(nn.Module):  # noqa: N801
    def __init__(self, scale):
        super().__init__()
        self.W1 = nn.Parameter(torch.randn(784, 128) * scale(784))
        self.b1 = nn.Parameter(torch.zeros(128))
        self.W2 = nn.Parameter(torch.randn(128, 64) * scale(128))
        self.b2 = nn.Parameter(torch.zeros(64))
        self.W3 = nn.Parameter(torch.randn(64, 10) * scale(64))
        self.b3 = nn.Parameter(torch.zeros(10))

    def forward(self, xb):
        h = (xb @ self.W1 + self.b1).relu()
        h = (h @ self.W2 + self.b2).relu()
        return h @ self.W3 + self.b3


def flat(pair):
    return pair[0].flatten(1), pair[1]


def make(seed, scale):
    torch.manual_seed(seed)
    train, val = data.mnist(5000)
    model = Mnist_MLP(scale)
    return {
        "model": model,
        "loss_fn": nn.functional.cross_entropy,
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.02),
        "train": flat(train),
        "val": flat(val),
        "batch_size": 32,
        "epochs": 25,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, scale=lambda fan_in: 1.0)


def make_fixed(seed=0):
    return make(seed, scale=lambda fan_in: math.sqrt(2 / fan_in))
