"""Squared errors of prices in the hundred thousands: the loss is NaN in the first epoch."""

import torch
from torch import nn
from torch.utils.data import DataLoader

SOURCE = "https://github.com/rstudio-conf-2020/dl-keras-tf/issues/9"
CAUSES = ("exploding_gradient", "lr_high", "loss_mismatch")


def houses(count, seed):
    """Living area, lot, age, quality and condition, standardized, and a price each."""
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 5, generator=g)
    area, lot, age, quality, condition = x.T
    log_price = (
        12 + 0.3 * area + 0.08 * lot.tanh() + 0.2 * quality * (1 + 0.5 * area.tanh())
        - 0.15 * age.abs() + 0.1 * (condition * age).tanh()
        + 0.05 * torch.randn(count, generator=g)
    )  # fmt: skip
    return x, log_price.exp()


class Ames(torch.utils.data.Dataset):
    def __init__(self, count, seed, transform):
        x, price = houses(count, seed)
        self.samples = list(zip(x, transform(price).unsqueeze(1), strict=True))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        return self.samples[i]


def make(seed, transform):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(5, 48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU(), nn.Linear(24, 1)
    )
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.1),
        "train": DataLoader(Ames(1200, 1, transform), batch_size=16, shuffle=True),
        "val": DataLoader(Ames(400, 2, transform), batch_size=100),
        "epochs": 15,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, lambda price: price)


def make_fixed(seed=0):
    return make(seed, lambda price: (price.log() - 12) / 0.4)
