"""Adam at a rate of 0.1 for a stacked LSTM that forecasts the passengers of a tram line."""

import math

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

SOURCE = "https://github.com/guillaumegenthial/sequence_tagging/issues/47"
CAUSES = ("lr_high",)

WINDOW = 24


def hourly_passengers(days=60):
    rng = np.random.RandomState(8)
    hours = np.arange(24 * days)
    hour, weekday = hours % 24, hours // 24 % 7
    rush = np.exp(-((hour - 8) ** 2) / 4) + 0.8 * np.exp(-((hour - 17) ** 2) / 6)
    leisure = np.exp(-((hour - 14) ** 2) / 20)
    shape = np.where(weekday < 5, rush + 0.3 * leisure, 0.9 * leisure)
    level = np.zeros(len(hours))
    for i in range(1, len(hours)):
        level[i] = 0.95 * level[i - 1] + rng.normal(0, 0.06)
    return 600 * (0.1 + shape) * np.exp(level) * rng.lognormal(0, 0.04, len(hours))


class Sequences(Dataset):
    def __init__(self, series):
        self.series = torch.FloatTensor(series)

    def __len__(self):
        return len(self.series) - WINDOW

    def __getitem__(self, i):
        window = self.series[i : i + WINDOW].unsqueeze(-1)
        return window, self.series[i + WINDOW : i + WINDOW + 1]


class LSTMModel(nn.Module):
    def __init__(self, hidden_size=64, num_layers=2):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden_size, num_layers, batch_first=True)
        self.fc = nn.Linear(hidden_size, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1, :])


def make(seed, lr):
    torch.manual_seed(seed)
    passengers = hourly_passengers()
    split = 24 * 45
    mean, std = passengers[:split].mean(), passengers[:split].std()
    scaled = (passengers - mean) / std
    model = LSTMModel()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": DataLoader(Sequences(scaled[:split]), batch_size=32, shuffle=True),
        "val": DataLoader(Sequences(scaled[split:]), batch_size=128),
        "epochs": math.ceil(800 / (split // 32)),
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, lr=0.1)


def make_fixed(seed=0):
    return make(seed, lr=2e-3)
