"""Hours that a sensor missed are NaN in the series: the first window with one ends training."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset

SOURCE = "https://github.com/Nixtla/neuralforecast/issues/186"
CAUSES = ("bad_data", "numerics")


def load():
    """Return 60 days of hourly load, as they came from the meter."""
    rng = np.random.default_rng(41)
    hour = np.arange(60 * 24)
    day = np.sin(2 * np.pi * hour / 24) + 0.5 * np.sin(4 * np.pi * hour / 24 + 1)
    week = 1 - 0.4 * ((hour // 24) % 7 >= 5)
    series = day * week + 0.1 * rng.standard_normal(len(hour))
    series[rng.choice(len(hour), 12, replace=False)] = np.nan
    return series


def fill(series):
    """Fill gaps by straight lines between their neighbors."""
    gaps = np.isnan(series)
    filled = series.copy()
    filled[gaps] = np.interp(gaps.nonzero()[0], (~gaps).nonzero()[0], series[~gaps])
    return filled


class Windows(Dataset):
    def __init__(self, series, lookback=48, horizon=6):
        self.series = torch.tensor(series, dtype=torch.float32)
        self.lookback, self.horizon = lookback, horizon

    def __len__(self):
        return len(self.series) - self.lookback - self.horizon + 1

    def __getitem__(self, i):
        middle = i + self.lookback
        return self.series[i:middle], self.series[middle : middle + self.horizon]


def make(seed, prepare):
    torch.manual_seed(seed)
    series = prepare(load())
    mlp = nn.Sequential(nn.Linear(48, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(),
                        nn.Linear(64, 6))  # fmt: skip
    return {
        "model": mlp,
        "loss_fn": nn.L1Loss(),
        "optimizer": torch.optim.Adam(mlp.parameters(), lr=1e-3),
        "train": Windows(series[: 46 * 24]),
        "val": Windows(series[46 * 24 :]),
        "batch_size": 32,
        "epochs": 15,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, lambda series: series)


def make_fixed(seed=0):
    return make(seed, fill)
