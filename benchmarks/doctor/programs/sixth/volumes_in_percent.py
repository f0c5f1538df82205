"""Relative changes of a volume join the features of a series: up to thousands, others near 1.

The volume falls to almost nothing at times, and any change from there is huge.
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SOURCE = (
    "https://ai.stackexchange.com/questions/40022/"
    "regression-model-diverging-after-adding-a-new-feature-with-higher-variance-and-m"
)
CAUSES = ("input_scale", "exploding_gradient", "saturation")


def windows(n=1600, steps=12, seed=3):
    """Two features of the size of one, a volume, and what comes of them."""
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, n, steps))
    log_volume = 1.8 * rng.standard_normal((n, steps + 1)) + 6
    surge = np.tanh(np.diff(log_volume, axis=1) / 2)
    y = 3 * (a * surge).mean(1) + 3 * np.abs(b).mean(1)
    y = y + 0.05 * rng.standard_normal(n)
    return a, b, np.exp(log_volume), (y - y.mean()) / y.std()


def features(a, b, volume, as_logs):
    if as_logs:
        change = np.diff(np.log(volume), axis=1)
        change = (change - change.mean()) / change.std()
    else:
        change = volume[:, 1:] / volume[:, :-1] - 1
    x = np.stack([a, b, change], axis=2)
    return torch.tensor(x, dtype=torch.float32)


class Net(nn.Module):
    def __init__(self, n_features=3, channels=32):
        super().__init__()
        self.conv1 = nn.Conv1d(n_features, channels, 1)
        self.conv2 = nn.Conv1d(channels, channels, 1)
        self.fc1 = nn.Linear(channels, 32)
        self.fc2 = nn.Linear(32, 1)

    def forward(self, x):
        x = torch.relu(self.conv1(x.transpose(1, 2)))
        x = torch.relu(self.conv2(x))
        x = torch.relu(self.fc1(x.mean(2)))
        return self.fc2(x)


def make(seed, as_logs):
    torch.manual_seed(seed)
    a, b, volume, y = windows(n=3200)
    x, y = features(a, b, volume, as_logs), torch.tensor(y, dtype=torch.float32)[:, None]
    model = Net()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-4),
        "train": DataLoader(TensorDataset(x[:2600], y[:2600]), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(x[2600:], y[2600:]), batch_size=100),
        "epochs": 15,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, as_logs=False)


def make_fixed(seed=0):
    return make(seed, as_logs=True)
