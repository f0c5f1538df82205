"""The whole table is one batch, so thirty epochs are thirty steps."""

import torch
from torch import nn

import data

SOURCE = "https://1cademy.com/node/batch-gd-slow-convergence-on-the-airfoil-dataset/oTg4HMe1aBShJlF3EtXh"
CAUSES = ("batch_size", "epochs_few", "lr_low")


def airfoils(count=2000):
    """Frequency, angle, chord, speed, thickness, and the level of a made-up noise."""
    draws = torch.Generator().manual_seed(77)
    f, angle, chord, speed, thick = torch.rand(5, count, generator=draws)
    peak = 0.3 + 0.5 * speed - 0.3 * chord
    level = 2 * torch.exp(-(((f - peak) / 0.2) ** 2)) + speed * angle
    level = level + torch.where(angle > 0.6, (angle - 0.6) * 3 * (1 - thick), 0.0)
    level = level + 0.05 * torch.randn(count, generator=draws)
    x = torch.stack([f, angle, chord, speed, thick], 1)
    x = (x - x.mean(0)) / x.std(0)
    return data.split(x, ((level - level.mean()) / level.std())[:, None])


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
        nn.init.zeros_(m.bias)


def train_ch11(seed, batch_size=None, num_epochs=30):
    torch.manual_seed(seed)
    train, val = airfoils()
    net = nn.Sequential(
        nn.Linear(5, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1)
    )
    net.apply(init_weights)
    return {
        "model": net,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=0.002),
        "train": train,
        "val": val,
        "batch_size": batch_size or len(train[0]),
        "epochs": num_epochs,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return train_ch11(seed)


def make_fixed(seed=0):
    return train_ch11(seed, batch_size=20)
