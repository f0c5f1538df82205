"""Decoders for the four quarters of a digit are kept in a plain dict: nobody trains them.

The module does not register what is in a dict, so that parameters() knows the encoder only.
"""

import torch
from torch import nn

import data

SOURCE = "https://github.com/pytorch/pytorch/issues/632"
CAUSES = ("frozen_parameters",)

QUARTERS = {
    "upper_left": (slice(0, 4), slice(0, 4)),
    "upper_right": (slice(0, 4), slice(4, 8)),
    "lower_left": (slice(4, 8), slice(0, 4)),
    "lower_right": (slice(4, 8), slice(4, 8)),
}


class Denoiser(nn.Module):
    def __init__(self, holder, code=12):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 48), nn.ReLU(), nn.Linear(48, code)
        )
        decoders = {}
        for name in QUARTERS:
            decoders[name] = nn.Sequential(
                nn.Linear(code, 32), nn.ReLU(), nn.Linear(32, 16)
            )
        self.decoders = holder(decoders)

    def forward(self, x):
        z = self.encoder(x.flatten(1))
        image = x.new_zeros(len(x), 8, 8)
        for name, (rows, columns) in QUARTERS.items():
            image[:, rows, columns] = self.decoders[name](z).view(-1, 4, 4)
        return image


def explained(output, target):
    rest = (output - target).square().sum()
    return float(1 - rest / (target - target.mean(0)).square().sum())


def make(seed, holder):
    torch.manual_seed(seed)
    draws = torch.Generator().manual_seed(3)
    parts = []
    for images, _ in data.digits():
        clean = images.view(-1, 8, 8)
        parts.append((clean + 0.15 * torch.randn(clean.shape, generator=draws), clean))
    net = Denoiser(holder)
    return {
        "model": net,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=2e-3),
        "train": parts[0],
        "val": parts[1],
        "batch_size": 32,
        "epochs": 25,
        "metric": explained,
    }


def make_faulty(seed=0):
    return make(seed, dict)


def make_fixed(seed=0):
    return make(seed, nn.ModuleDict)
