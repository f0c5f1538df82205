"""A network of sines with a frequency of thirty draws one image from coordinates."""

import math

import torch
from torch import nn

import data


class Sine(nn.Module):
    def __init__(self, fan_in, fan_out, is_first=False, omega=30.0):
        super().__init__()
        self.linear = nn.Linear(fan_in, fan_out)
        self.omega = omega
        bound = 1 / fan_in if is_first else math.sqrt(6 / fan_in) / omega
        nn.init.uniform_(self.linear.weight, -bound, bound)

    def forward(self, x):
        return torch.sin(self.omega * self.linear(x))


def image():
    side = torch.linspace(-1, 1, 28)
    where = torch.stack(torch.meshgrid(side, side, indexing="ij"), -1).view(-1, 2)
    return where, data.mnist(1500)[0][0][3].view(-1, 1)


def make(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(Sine(2, 48, is_first=True), Sine(48, 48), nn.Linear(48, 1))
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3),
        "train": image(),
        "batch_size": 196,
        "epochs": 120,
        "metric": "r2",
    }
