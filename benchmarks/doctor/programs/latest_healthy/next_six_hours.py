"""Temperatures of a day and a half, hour by hour, and a GRU that forecasts the next six."""

import math

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

PAST, AHEAD = 36, 6


def station(days=130):
    """Hourly temperature and pressure with days, weather that comes and goes, and noise."""
    draws = torch.Generator().manual_seed(365)
    hours = torch.arange(24 * days)
    weather, pressure = torch.zeros(len(hours)), torch.zeros(len(hours))
    shocks = torch.randn(2, len(hours), generator=draws)
    for t in range(1, len(hours)):
        pressure[t] = 0.985 * pressure[t - 1] + 0.8 * shocks[0, t]
        weather[t] = 0.97 * weather[t - 1] + 0.06 * pressure[t] + 0.25 * shocks[1, t]
    daily = -5 * torch.cos(2 * math.pi * (hours % 24 - 4) / 24)
    temperature = 11 + daily + weather + 4 * torch.sin(2 * math.pi * hours / (24 * 365))
    return torch.stack([temperature, 1013 + pressure], dim=1)


class WindowDataset(Dataset):
    def __init__(self, series, stride):
        self.series, self.stride = series, stride

    def __len__(self):
        return (len(self.series) - PAST - AHEAD) // self.stride + 1

    def __getitem__(self, idx):
        start = idx * self.stride
        end = start + PAST
        return self.series[start:end], self.series[end : end + AHEAD, 0]


class Forecast(nn.Module):
    def __init__(self, n_features=2, hidden_dim=32):
        super().__init__()
        self.gru = nn.GRU(n_features, hidden_dim, batch_first=True)
        self.head = nn.Sequential(nn.Dropout(0.1), nn.Linear(hidden_dim, AHEAD))

    def forward(self, x):
        out, _ = self.gru(x)
        return self.head(out[:, -1])


def step(model, optimizer, loss_fn, x, y):
    optimizer.zero_grad(set_to_none=True)
    loss = loss_fn(model(x), y)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
    optimizer.step()
    return loss.item()


def make(seed=0):
    torch.manual_seed(seed)
    series = station()
    cut = int(0.75 * len(series))
    mean, std = series[:cut].mean(0), series[:cut].std(0)
    series = (series - mean) / std
    model = Forecast()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return {
        "model": model,
        "loss_fn": nn.HuberLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.85),
        "train": DataLoader(WindowDataset(series[:cut], 3), batch_size=32, shuffle=True),
        "val": DataLoader(WindowDataset(series[cut:], 6), batch_size=50),
        "epochs": 10,
        "metric": "r2",
        "step": step,
    }
