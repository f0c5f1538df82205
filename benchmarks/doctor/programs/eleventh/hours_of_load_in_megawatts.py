"""The hourly load of a grid goes into the LSTM in megawatts, as it came out of the file.

The gates see thousands and shut; what comes out is nearly the same for every window.
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SOURCE = "https://machinelearningmastery.com/how-to-scale-data-for-long-short-term-memory-networks-in-python/"
CAUSES = ("input_scale", "saturation")

WINDOW = 24


def load_series(hours=24 * 7 * 12, seed=3):
    rng = np.random.default_rng(seed)
    t = np.arange(hours)
    day = 900 * np.sin(2 * np.pi * (t - 7) / 24) + 350 * np.sin(4 * np.pi * t / 24)
    week = np.where((t // 24) % 7 >= 5, -700.0, 0.0)
    weather = np.zeros(hours)
    for i in range(1, hours):
        weather[i] = 0.97 * weather[i - 1] + rng.normal(0, 60)
    return 5200 + day + week + weather + rng.normal(0, 40, hours)


def create_inout_sequences(values, tw):
    x = np.stack([values[i : i + tw] for i in range(len(values) - tw)])
    y = values[tw:]
    return torch.tensor(x).float().unsqueeze(-1), torch.tensor(y).float().unsqueeze(-1)


class LoadForecaster(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.linear = nn.Linear(hidden, 1)

    def forward(self, seq):
        out, _ = self.lstm(seq)
        return self.linear(out[:, -1])


def make(seed, scaled):
    torch.manual_seed(seed)
    load = load_series()
    n_train = int(len(load) * 0.8)
    mean, std = load[:n_train].mean(), load[:n_train].std()
    target = (load - mean) / std
    x_all, _ = create_inout_sequences(target if scaled else load, WINDOW)
    _, y_all = create_inout_sequences(target, WINDOW)
    cut = n_train - WINDOW
    model = LoadForecaster()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": DataLoader(
            TensorDataset(x_all[:cut], y_all[:cut]), batch_size=32, shuffle=True
        ),
        "val": DataLoader(TensorDataset(x_all[cut:], y_all[cut:]), batch_size=128),
        "epochs": 12,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, scaled=False)


def make_fixed(seed=0):
    return make(seed, scaled=True)
