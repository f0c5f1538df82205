"""Sales of a shop from those of the days before; the first weeks have no days before them.

`shift` and `rolling` leave NaN in the first rows, and the rows stay in the table.
"""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

SOURCE = "https://github.com/Nixtla/neuralforecast/issues/186"
CAUSES = ("bad_data",)


def daily_sales(days=1500):
    rng = np.random.default_rng(12)
    t = np.arange(days)
    week = np.array([0.8, 0.75, 0.8, 0.9, 1.3, 1.8, 0.65])[t % 7]
    season = 1 + 0.25 * np.sin(2 * np.pi * t / 365)
    promo = rng.random(days) < 0.15
    lift = np.where(t % 7 >= 4, 1.7, 1.25)  # a promotion sells more at the weekend
    level = np.exp(np.cumsum(rng.normal(0, 0.01, days)))
    sales = 120 * level * week * season * np.where(promo, lift, 1)
    return t, promo, sales * rng.lognormal(0, 0.05, days)


def shift(values, by):
    moved = np.full(len(values), np.nan)
    moved[by:] = values[:-by]
    return moved


def rolling_mean(values, window):
    means = np.full(len(values), np.nan)
    sums = np.convolve(values, np.ones(window), mode="valid")
    means[window - 1 :] = sums / window
    return means


def features():
    t, promo, sales = daily_sales()
    columns = [shift(np.log(sales), lag) for lag in (1, 2, 7, 14)]
    columns.append(shift(rolling_mean(np.log(sales), 28), 1))
    columns += [promo, shift(promo.astype(float), 7)]
    columns += [t % 7 == d for d in range(7)]
    return np.column_stack(columns).astype(np.float32), np.log(sales).astype(np.float32)


def make(seed, drop_na):
    torch.manual_seed(seed)
    X, y = features()  # noqa: N806
    if drop_na:
        complete = ~np.isnan(X).any(axis=1)
        X, y = X[complete], y[complete]  # noqa: N806
    split = len(X) - 300
    mean, std = np.nanmean(X[:split], axis=0), np.nanstd(X[:split], axis=0)
    X = torch.from_numpy((X - mean) / std)  # noqa: N806
    y = torch.from_numpy((y - y[:split].mean()) / y[:split].std())[:, None]
    model = nn.Sequential(
        nn.Linear(X.shape[1], 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1)
    )
    train = DataLoader(TensorDataset(X[:split], y[:split]), batch_size=32, shuffle=True)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3),
        "train": train,
        "val": DataLoader(TensorDataset(X[split:], y[split:]), batch_size=300),
        "epochs": 25,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, drop_na=False)


def make_fixed(seed=0):
    return make(seed, drop_na=True)
