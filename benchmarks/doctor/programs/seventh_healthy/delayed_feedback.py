"""A chaotic series (Mackey-Glass), forty steps ahead, by dilated causal convolutions."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


def mackey_glass(length, tau=17, skip=300):
    rng = np.random.default_rng(3)
    x = list(1.2 + 0.1 * rng.normal(size=10 * tau))
    for _ in range(10 * (length + skip)):
        late = x[-10 * tau]
        x.append(x[-1] + 0.1 * (0.2 * late / (1 + late**10) - 0.1 * x[-1]))
    return np.array(x[-10 * length :: 10], dtype=np.float32)


class Windows(Dataset):
    def __init__(self, series, window=48, horizon=40):
        self.series = torch.from_numpy(series)
        self.window, self.horizon = window, horizon

    def __len__(self):
        return len(self.series) - self.window - self.horizon + 1

    def __getitem__(self, t):
        past = self.series[t : t + self.window]
        return past[None], self.series[t + self.window + self.horizon - 1]


class CausalConv(nn.Module):
    def __init__(self, n_in, n_out, dilation):
        super().__init__()
        self.pad = nn.ConstantPad1d((2 * dilation, 0), 0.0)
        self.conv = nn.Conv1d(n_in, n_out, 3, dilation=dilation)
        self.skip = nn.Conv1d(n_in, n_out, 1) if n_in != n_out else nn.Identity()

    def forward(self, x):
        return torch.relu(self.conv(self.pad(x))) + self.skip(x)


class TCN(nn.Module):
    def __init__(self, channels=16, dilations=(1, 2, 4, 8)):
        super().__init__()
        layers, n_in = [], 1
        for dilation in dilations:
            layers.append(CausalConv(n_in, channels, dilation))
            n_in = channels
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(channels, 1)

    def forward(self, x):
        return self.head(self.body(x)[:, :, -1]).squeeze(-1)


def make(seed=0):
    torch.manual_seed(seed)
    series = mackey_glass(3200)
    past, future = series[:2400], series[2400:]
    mean, std = past.mean(), past.std()
    model = TCN()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return {
        "model": model,
        "loss_fn": nn.SmoothL1Loss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.85),
        "train": DataLoader(Windows((past - mean) / std), batch_size=32, shuffle=True),
        "val": DataLoader(Windows((future - mean) / std), batch_size=128),
        "epochs": 14,
        "metric": "r2",
    }
