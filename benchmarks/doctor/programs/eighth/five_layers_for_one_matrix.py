"""Five equalized linear layers in a row, activation=None in each: they are one matrix.

The code, a place on a rolled sheet, is no linear function of what the sensors say.
"""

import math

import sklearn.datasets
import torch
import torch.nn.functional as F
from torch import nn

import data

SOURCE = "https://github.com/wyhsirius/LIA/issues/11"
CAUSES = ("hidden_activation",)


class EqualLinear(nn.Module):
    def __init__(self, in_dim, out_dim, activation=None):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_dim, in_dim))
        self.bias = nn.Parameter(torch.zeros(out_dim))
        self.scale = 1 / math.sqrt(in_dim)
        self.activation = activation

    def forward(self, input):
        out = F.linear(input, self.weight * self.scale, self.bias)
        if self.activation:
            out = math.sqrt(2) * F.leaky_relu(out, negative_slope=0.2)
        return out


class Encoder(nn.Module):
    def __init__(self, sensors=12, dim=48, dim_motion=2, activation=None):
        super().__init__()
        fc = [EqualLinear(sensors, dim, activation)]
        for _ in range(3):
            fc.append(EqualLinear(dim, dim, activation))
        fc.append(EqualLinear(dim, dim_motion))
        self.fc = nn.Sequential(*fc)

    def forward(self, x):
        return self.fc(x)


def rolled_sheet(n=1200):
    points, along = sklearn.datasets.make_swiss_roll(n, noise=0.2, random_state=4)
    points, along = torch.tensor(points).float(), torch.tensor(along).float()
    targets = torch.stack([along, points[:, 1]], dim=1)
    draws = torch.Generator().manual_seed(4)
    sensors = points @ torch.randn(3, 12, generator=draws)
    standard = lambda t: (t - t.mean(0)) / t.std(0)  # noqa: E731
    return data.split(standard(sensors), standard(targets))


def make(seed, activation):
    torch.manual_seed(seed)
    train, val = rolled_sheet()
    encoder = Encoder(activation=activation)
    return {
        "model": encoder,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(encoder.parameters(), lr=2e-3),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 20,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, activation=None)


def make_fixed(seed=0):
    return make(seed, activation="fused_lrelu")
