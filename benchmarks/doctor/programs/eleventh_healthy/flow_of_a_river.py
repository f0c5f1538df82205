"""A GRU tells the flow of a river from a month of rain and temperature.

Snow lies until it thaws and the ground holds water back, so the past matters, and not linearly.
"""

import math

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


def simulate(days, seed):
    draws = torch.Generator().manual_seed(seed)
    wet = torch.rand(days, generator=draws) < 0.35
    rain = wet * -torch.log(torch.rand(days, generator=draws).clamp_min(1e-6)) * 8
    season = 6 - 9 * torch.cos(torch.arange(days) * 2 * math.pi / 60)
    temperature = season + 3 * torch.randn(days, generator=draws)
    snow = soil = 0.0
    flow = []
    for r, t in zip(rain.tolist(), temperature.tolist(), strict=True):
        melt = min(snow, max(t, 0.0) * 1.5)
        snow += (r if t < 0 else 0.0) - melt
        soil += (r if t >= 0 else 0.0) + melt
        soil = max(soil - max(t, 0.0) * 0.12, 0.0)
        quick = 0.5 * max(soil - 25.0, 0.0)
        slow = 0.06 * soil
        soil -= quick + slow
        flow.append(quick + slow)
    return torch.stack([rain, temperature], dim=1), torch.tensor(flow)


class Catchment(Dataset):
    def __init__(self, weather, flow, window=32):
        self.weather, self.flow, self.window = weather, flow, window

    def __len__(self):
        return len(self.flow) - self.window

    def __getitem__(self, i):
        return self.weather[i + 1 : i + 1 + self.window], self.flow[i + self.window].view(1)


class RiverGRU(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.gru = nn.GRU(2, hidden, batch_first=True)
        self.head = nn.Sequential(nn.Linear(hidden, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, x):
        return self.head(self.gru(x)[0][:, -1])


def make(seed=0):
    torch.manual_seed(seed)
    weather, flow = simulate(2400, seed=9)
    mean, std = weather[:1800].mean(0), weather[:1800].std(0)
    weather = (weather - mean) / std
    flow = (flow.log1p() - flow[:1800].log1p().mean()) / flow[:1800].log1p().std()
    model = RiverGRU()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 20),
        "train": DataLoader(
            Catchment(weather[:1800], flow[:1800]), batch_size=48, shuffle=True
        ),
        "val": DataLoader(Catchment(weather[1800:], flow[1800:]), batch_size=140),
        "epochs": 20,
        "metric": "r2",
    }
