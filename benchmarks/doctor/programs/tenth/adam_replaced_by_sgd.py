"""SGD was put in the place of Adam, and 0.001 stayed: the loss hardly moves."""

from itertools import pairwise

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/wuzhe71/CPD/issues/15"
CAUSES = ("lr_low", "optimizer")


class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in pairwise(sizes):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.layers(x)


def make(seed, optimizer):
    torch.manual_seed(seed)
    (x, y), (x_val, y_val) = data.friedman(2400)
    model = MLP([10, 64, 64, 1])
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": optimizer(model.parameters()),
        "train": DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(x_val, y_val), batch_size=200),
        "epochs": 12,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, lambda parameters: optim.SGD(parameters, lr=1e-3))


def make_fixed(seed=0):
    return make(seed, lambda parameters: optim.SGD(parameters, lr=3e-2, momentum=0.9))
