"""Channels in the last place of memory, group norm, activations in place."""

import torch
from torch import nn

import data


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, padding=1, bias=False)
        self.norm = nn.GroupNorm(4, c)
        self.act = nn.LeakyReLU(0.1, inplace=True)
        nn.init.zeros_(self.norm.weight)

    def forward(self, x):
        out = self.norm(self.conv(x))
        out += x
        return self.act(out)


def make(seed=0):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(inplace=True), Block(16), Block(16),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(144, 10),
    ).to(memory_format=torch.channels_last)  # fmt: skip
    (x, y), (vx, vy) = data.mnist(1500, side=14)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.RMSprop(net.parameters(), lr=1e-3),
        "train": (x.to(memory_format=torch.channels_last), y),
        "val": (vx.to(memory_format=torch.channels_last), vy),
        "batch_size": 32,
        "epochs": 8,
        "metric": "accuracy",
    }
