"""Binary cross entropy by hand; the sigmoid of a clear case is one, and log(1 - 1) is -inf."""

import numpy as np
import torch
import torch.nn as nn

SOURCE = "https://e-com-net.com/article/1609698298044645376.htm"
CAUSES = ("numerics",)


def sensors(n=2800):
    """Vibration, current, temperature, pressure, speed and hours since the last service."""
    rng = np.random.default_rng(31)
    vibration, current = rng.lognormal(0, 0.9, n), rng.lognormal(0.5, 0.7, n)
    temperature, pressure = rng.normal(60, 8, n), rng.normal(6, 1, n)
    speed, hours = rng.normal(1500, 120, n), rng.exponential(400, n)
    wear = np.log(vibration) * (temperature - 56) / 4 + np.log(current)
    wear = wear + np.abs(pressure - 6) + hours / 500 - 1.9
    fails = 2.5 * wear + rng.logistic(0, 0.5, n) > 0
    x = np.stack([vibration, current, temperature, pressure, speed, hours], axis=1)
    return (x - x[:2100].mean(0)) / x[:2100].std(0), fails


def bce(p, y):
    return -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()


def bce_clamped(p, y):
    p = p.clamp(1e-6, 1 - 1e-6)
    return -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()


def make(seed, loss):
    torch.manual_seed(seed)
    x, y = sensors()
    x = torch.tensor(x, dtype=torch.float)
    y = torch.tensor(y, dtype=torch.float)[:, None]
    model = nn.Sequential(
        nn.Linear(6, 64),
        nn.LeakyReLU(),
        nn.Linear(64, 64),
        nn.LeakyReLU(),
        nn.Linear(64, 1),
        nn.Sigmoid(),
    )
    return {
        "model": model,
        "loss_fn": loss,
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": (x[:2100], y[:2100]),
        "val": (x[2100:], y[2100:]),
        "batch_size": 32,
        "epochs": 12,
        "metric": lambda p, y: (p.round() == y).float().mean().item(),
    }


def make_faulty(seed=0):
    return make(seed, bce)


def make_fixed(seed=0):
    return make(seed, bce_clamped)
