"""A network that knows digits learns even and odd through adapters that start at zero."""

from functools import cache

import torch
import torch.nn.functional as F
from torch import nn

import data


@cache
def pretrained():
    torch.manual_seed(42)
    (x, y), _ = data.mnist(2600, side=14)
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(196, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(),
        nn.Linear(96, 10),
    )  # fmt: skip
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    for _ in range(4):
        for idx in (1000 + torch.randperm(len(x) - 1000)).split(32):
            opt.zero_grad()
            F.cross_entropy(net(x[idx]), y[idx]).backward()
            opt.step()
    return net.state_dict()


class Lora(nn.Module):
    def __init__(self, base, rank=4, alpha=8):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.a = nn.Parameter(torch.randn(rank, base.in_features) / base.in_features**0.5)
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))
        self.scale = alpha / rank

    def forward(self, x):
        return self.base(x) + self.scale * (x @ self.a.T @ self.b.T)


def make(seed=0):
    state = pretrained()
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(196, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(),
        nn.Linear(96, 10),
    )  # fmt: skip
    net.load_state_dict(state)
    net[1], net[3] = Lora(net[1]), Lora(net[3])
    net[5] = nn.Linear(96, 2)
    (x, y), (vx, vy) = data.mnist(2600, side=14)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.AdamW(
            [p for p in net.parameters() if p.requires_grad], 2e-3
        ),
        "train": (x[:1000], y[:1000] % 2),
        "val": (vx, vy % 2),
        "batch_size": 32,
        "epochs": 5,
        "metric": "accuracy",
    }
