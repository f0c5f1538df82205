"""The air's humidity three hours ahead, in percent; the head is a sigmoid and ends at one."""

import math

import torch
import torch.nn as nn

SOURCE = (
    "http://stackoverflow.com/questions/14982358/"
    "backpropagation-algorithm-matlab-output-values-are-saturating-to-1/14982792"
)
CAUSES = ("output_activation",)


def weather(hours=2000):
    """Humidity and temperature of each hour; fronts come through every few days."""
    g = torch.Generator().manual_seed(11)
    t = torch.arange(hours).float()
    noise = torch.randn(hours, generator=g)
    front = torch.zeros(hours)
    for i in range(1, hours):
        front[i] = 0.98 * front[i - 1] + 0.15 * noise[i]
    day = (2 * math.pi * t / 24).sin()
    temperature = 14 + 7 * day - 2.5 * front + 0.4 * torch.randn(hours, generator=g)
    level = 0.3 - 1.5 * day * (1 - 1.2 * front.tanh()) + 1.2 * front
    humidity = 100 * torch.sigmoid(level + 0.05 * torch.randn(hours, generator=g))
    return humidity, temperature


def windows(past=24, ahead=3):
    humidity, temperature = weather()
    series = torch.stack([humidity / 50 - 1, (temperature - 14) / 7], dim=1)
    x, y = [], []
    for i in range(len(series) - past - ahead):
        x.append(series[i : i + past])
        y.append(humidity[i + past + ahead - 1])
    return torch.stack(x), torch.stack(y).view(-1, 1)


class Forecaster(nn.Module):
    def __init__(self, highest):
        super().__init__()
        self.highest = highest
        self.gru = nn.GRU(2, 32, batch_first=True)
        self.head = nn.Linear(32, 1)

    def forward(self, x):
        out, _ = self.gru(x)
        return self.highest * torch.sigmoid(self.head(out[:, -1]))


def make(seed, highest):
    torch.manual_seed(seed)
    x, y = windows()
    n = 1500
    model = Forecaster(highest)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": (x[:n], y[:n]),
        "val": (x[n + 30 :], y[n + 30 :]),
        "batch_size": 32,
        "epochs": 15,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, highest=1.0)


def make_fixed(seed=0):
    return make(seed, highest=100.0)
