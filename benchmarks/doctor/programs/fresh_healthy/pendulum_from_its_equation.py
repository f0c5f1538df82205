"""A network that solves an oscillator: the loss is what is left of its equation, in float64."""

import torch
from torch import nn


class Oscillator(nn.Module):
    """Gives u(t) and u'' + 0.4 u' + 4 u, where u(0) = 1 and u'(0) = 0 by construction."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1)
        )

    def forward(self, t):
        with torch.enable_grad():
            t = t.clone().requires_grad_(True)
            u = 1 + t**2 * self.net(t)
            (du,) = torch.autograd.grad(u.sum(), t, create_graph=True)
            (ddu,) = torch.autograd.grad(du.sum(), t, create_graph=True)
        return u, ddu + 0.4 * du + 4 * u


def true(t):
    w = (4 - 0.04) ** 0.5
    return torch.exp(-0.2 * t) * (torch.cos(w * t) + 0.2 / w * torch.sin(w * t))


def make(seed=0):
    torch.manual_seed(seed)
    model = Oscillator().double()
    t = torch.linspace(0, 3, 150, dtype=torch.float64)[:, None]
    optimizer = torch.optim.Adam(model.parameters(), lr=8e-3)
    val = torch.linspace(0.01, 2.99, 60, dtype=torch.float64)[:, None]
    return {
        "model": model,
        "loss_fn": lambda out, _: out[1].square().mean(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 250),
        "train": (t, true(t)),
        "val": (val, true(val)),
        "batch_size": 50,
        "epochs": 250,
        "metric": lambda out, u: float(1 - (out[0] - u).square().mean() / u.var()),
    }
