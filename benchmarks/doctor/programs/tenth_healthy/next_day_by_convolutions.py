"""The load of a power grid for the next 24 hours, by dilated convolutions over a week."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

PAST, AHEAD = 7 * 24, 24


def load(days=480):
    rng = np.random.default_rng(50)
    hour, day = np.arange(24 * days) % 24, np.arange(24 * days) // 24
    weekend = day % 7 >= 5
    evening = np.exp(-((hour - 19) ** 2) / 8)
    morning = np.exp(-((hour - 8) ** 2) / 5)
    cold = np.zeros(days)
    for i in range(1, days):
        cold[i] = 0.96 * cold[i - 1] + rng.normal(0, 0.15)
    profile = 1 + evening + np.where(weekend, 0.3, 0.8) * morning
    series = profile * (1 + 0.3 * np.tanh(2 * cold[day])) - 0.25 * weekend
    series = series + rng.normal(0, 0.04, len(series))
    mean, std = series[: 24 * 360].mean(), series[: 24 * 360].std()
    clock, week = 2 * np.pi * hour / 24, 2 * np.pi * (day % 7) / 7
    calendar = [np.sin(clock), np.cos(clock), np.sin(week), np.cos(week)]
    return torch.tensor(np.stack([(series - mean) / std, *calendar])).float()


class Windows(Dataset):
    def __init__(self, series, stride):
        self.windows = series.unfold(1, PAST + AHEAD, stride)

    def __len__(self):
        return self.windows.shape[1]

    def __getitem__(self, i):
        return self.windows[:, i, :PAST], self.windows[0, i, PAST:]


class CausalBlock(nn.Module):
    def __init__(self, channels, dilation):
        super().__init__()
        self.pad = nn.ConstantPad1d((2 * dilation, 0), 0.0)
        self.conv = nn.Conv1d(channels, channels, 3, dilation=dilation)

    def forward(self, x):
        return x + torch.relu(self.conv(self.pad(x)))


class TCN(nn.Module):
    def __init__(self, channels=24):
        super().__init__()
        self.stem = nn.Conv1d(5, channels, 1)
        self.blocks = nn.Sequential(*[CausalBlock(channels, 2**i) for i in range(7)])
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(2 * channels, AHEAD)

    def forward(self, x):
        h = self.blocks(self.stem(x))
        h = torch.cat([h[:, :, -1], h[:, :, -24:].mean(dim=2)], dim=1)
        return self.head(self.drop(h))


def make(seed=0):
    torch.manual_seed(seed)
    series = load()
    model = TCN()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return {
        "model": model,
        "loss_fn": nn.SmoothL1Loss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 12),
        "train": DataLoader(Windows(series[:, : 24 * 360], 9), batch_size=32, shuffle=True),
        "val": DataLoader(Windows(series[:, 24 * 360 :], 25), batch_size=64),
        "epochs": 12,
        "metric": "r2",
    }
