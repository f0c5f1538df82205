"""Skewed sales are learned by MAPE, as the business asks for: large sales are ignored.

An error above a small number costs hundreds of percent, one below a large number at most a
hundred, so that the network stays far below the mean.
"""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/lightgbm-org/LightGBM/issues/3734"
CAUSES = ("loss_mismatch",)

N_STORES, N_ITEMS = 12, 25


def make_frame(n=4000, seed=3):
    """Store, item, weekday, promotion and price of each row, and how many were sold."""
    rng = np.random.default_rng(seed)
    store, item = rng.integers(N_STORES, size=n), rng.integers(N_ITEMS, size=n)
    weekday, promo = rng.integers(7, size=n), rng.integers(2, size=n)
    price = rng.uniform(0.6, 1.4, size=n)
    size, appeal = rng.normal(0, 0.5, N_STORES), rng.normal(0, 0.6, N_ITEMS)
    wants_promo = rng.choice([0.1, 1.0], N_ITEMS)
    mu = 2.4 + size[store] + appeal[item] + 0.4 * (weekday >= 5)
    mu += wants_promo[item] * promo - 1.2 * np.log(price)
    sold = rng.poisson(np.exp(mu) * rng.gamma(2.0, 1 / 2.0, size=n))
    codes = torch.tensor(np.stack([store, item, weekday], axis=1))
    numbers = torch.tensor(np.stack([promo * 2 - 1, (price - 1) / 0.23], axis=1)).float()
    return codes, numbers, torch.tensor(sold).float()


class SalesDataset(Dataset):
    def __init__(self, rows, frame):
        self.codes, self.numbers, self.sold = (column[rows] for column in frame)

    def __len__(self):
        return len(self.sold)

    def __getitem__(self, i):
        return (self.codes[i], self.numbers[i]), self.sold[i]


class SalesNet(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = [(N_STORES, 4), (N_ITEMS, 6), (7, 3)]
        self.embeds = nn.ModuleList([nn.Embedding(n, d) for n, d in sizes])
        for e in self.embeds:
            nn.init.normal_(e.weight, std=0.1)
        self.layers = nn.Sequential(nn.Linear(13 + 2, 32), nn.ReLU(), nn.Linear(32, 1))
        nn.init.constant_(self.layers[-1].bias, 2.5)

    def forward(self, codes, numbers):
        parts = [e(codes[:, i]) for i, e in enumerate(self.embeds)]
        return self.layers(torch.cat([*parts, numbers], dim=1)).squeeze(1).exp()


def mape_loss(pred, sold):
    return ((sold - pred).abs() / sold.clamp(min=1)).mean()


def poisson_loss(pred, sold):
    return nn.functional.poisson_nll_loss(pred, sold, log_input=False)


def make(seed, loss_fn):
    torch.manual_seed(seed)
    frame = make_frame()
    (train, _), (valid, _) = data.split(torch.arange(4000), torch.arange(4000))
    model = SalesNet()
    return {
        "model": model,
        "loss_fn": loss_fn,
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-5),
        "train": DataLoader(SalesDataset(train, frame), batch_size=64, shuffle=True),
        "val": DataLoader(SalesDataset(valid, frame), batch_size=500),
        "epochs": 12,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, mape_loss)


def make_fixed(seed=0):
    return make(seed, poisson_loss)
