"""Kilometers, year and cubic centimeters of a car join its embeddings as they are.

The codes of the make and the fuel lie near one, the mileage goes to a quarter of a million.
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/ycjuan/libffm/issues/19"
CAUSES = ("input_scale",)

CATEGORIES = {"make": 15, "fuel": 4, "gearbox": 2}


def used_cars(n=3000, seed=11):
    rng = np.random.default_rng(seed)
    cat = np.stack([rng.integers(k, size=n) for k in CATEGORIES.values()], axis=1)
    year = rng.integers(1998, 2021, size=n)
    age = 2021 - year
    mileage = age * rng.uniform(4000, 18000, size=n) + rng.uniform(0, 9000, size=n)
    engine = rng.choice([999, 1197, 1395, 1598, 1968, 2494, 2993], size=n)
    power = engine * rng.uniform(0.05, 0.09, size=n)
    value, keeps = rng.normal(0, 0.35, 15), rng.uniform(0.05, 0.17, 15)
    fuel = np.array([0.0, 0.1, 0.25, -0.15])
    log_price = 9.4 + value[cat[:, 0]] + fuel[cat[:, 1]] + 0.08 * cat[:, 2]
    log_price += 0.006 * (power - 110) - keeps[cat[:, 0]] * age
    log_price -= 0.25 * np.log1p(mileage / 30000) * (1 + (cat[:, 1] == 2))
    log_price += rng.normal(0, 0.08, size=n)
    cont = np.stack([mileage, year, engine, power], axis=1)
    return (
        torch.tensor(cat),
        torch.tensor(cont).float(),
        torch.tensor(log_price[:, None]).float(),
    )


class TabularModel(nn.Module):
    def __init__(self, emb_szs, n_cont, layers):
        super().__init__()
        self.embeds = nn.ModuleList([nn.Embedding(n, d) for n, d in emb_szs])
        for e in self.embeds:
            nn.init.trunc_normal_(e.weight, std=0.05)
        n_in, blocks = sum(d for _, d in emb_szs) + n_cont, []
        for n_out in layers:
            blocks += [nn.Linear(n_in, n_out), nn.ReLU()]
            n_in = n_out
        self.layers = nn.Sequential(*blocks, nn.Linear(n_in, 1))

    def forward(self, x_cat, x_cont):
        x = [e(x_cat[:, i]) for i, e in enumerate(self.embeds)]
        return self.layers(torch.cat([*x, x_cont], dim=1))


def collate(samples):
    cat, cont, price = (torch.stack(column) for column in zip(*samples, strict=True))
    return (cat, cont), price


def make(seed, normalize):
    torch.manual_seed(seed)
    cat, cont, price = used_cars()
    (train, _), (valid, _) = data.split(torch.arange(3000), torch.arange(3000))
    if normalize:
        cont = (cont - cont[train].mean(0)) / cont[train].std(0)
    price = (price - price[train].mean()) / price[train].std()
    parts = [TensorDataset(cat[i], cont[i], price[i]) for i in (train, valid)]
    model = TabularModel([(15, 7), (4, 2), (2, 1)], 4, [64, 32])
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": DataLoader(parts[0], batch_size=64, shuffle=True, collate_fn=collate),
        "val": DataLoader(parts[1], batch_size=250, collate_fn=collate),
        "epochs": 15,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, normalize=False)


def make_fixed(seed=0):
    return make(seed, normalize=True)
