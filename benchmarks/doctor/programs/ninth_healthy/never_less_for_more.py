"""A network that cannot fall in three of its inputs: the weights on their way are exponentials.

Two outputs, a price and a rent; the other inputs may do what they like to both.
"""

import torch
import torch.nn.functional as F
from torch import nn

import data


def flats(n=1800):
    """Area, rooms and quality raise price and rent; distance and year do what they do."""
    draws = torch.Generator().manual_seed(12)
    up = torch.rand(n, 3, generator=draws) * 2 - 1
    free = torch.rand(n, 4, generator=draws) * 2 - 1
    area, rooms, quality = up.unbind(1)
    center = (-3 * free[:, 0].square()).exp()
    price = 1.5 * (2.5 * area).tanh() + torch.relu(rooms) + 1.5 * center * quality
    price = price + (3 * free[:, 1]).cos()
    rent = 1.2 * area + torch.relu(rooms + quality) + 1.2 * center + 0.8 * free[:, 2].abs()
    y = torch.stack([price, rent], dim=1) + 0.15 * torch.randn(n, 2, generator=draws)
    return torch.cat([up, free], dim=1), (y - y.mean(0)) / y.std(0)


class PositiveLinear(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.log_weight = nn.Parameter(torch.randn(n_out, n_in) * 0.5)
        self.bias = nn.Parameter(torch.zeros(n_out))
        with torch.no_grad():
            self.log_weight -= torch.tensor(float(n_in)).log()

    def forward(self, x):
        return F.linear(x, self.log_weight.exp(), self.bias)


class MonotonicNet(nn.Module):
    def __init__(self, n_up=3, n_free=4, hidden=48):
        super().__init__()
        self.n_up = n_up
        self.free = nn.Sequential(
            nn.Linear(n_free, hidden), nn.GELU(), nn.Linear(hidden, hidden)
        )
        self.up = PositiveLinear(n_up, hidden)
        self.middle = PositiveLinear(hidden, hidden)
        self.shift = nn.Linear(hidden, hidden)
        self.out = PositiveLinear(hidden, 2)

    def two_sided(self, h):
        convex, concave = h.chunk(2, dim=1)
        return torch.cat([F.elu(convex), -F.elu(-concave)], dim=1)

    def forward(self, x):
        context = self.free(x[:, self.n_up :])
        h = self.two_sided(3 * self.up(x[:, : self.n_up]) + context)
        h = self.two_sided(self.middle(h) + self.shift(F.gelu(context)))
        return self.out(h)


def training_step(model, optimizer, criterion, x, y):
    def closure():
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        return loss

    return optimizer.step(closure)


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.split(*flats())
    model = MonotonicNet()
    optimizer = torch.optim.RAdam(model.parameters(), lr=1e-2)
    return {
        "model": model,
        "loss_fn": nn.SmoothL1Loss(beta=0.5),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 30,
        "metric": "r2",
        "step": training_step,
    }
