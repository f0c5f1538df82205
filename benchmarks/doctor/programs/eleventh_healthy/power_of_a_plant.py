"""Two readings of a plant from eight sensors: residual blocks of GELU and layer norm, Huber."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)

    def forward(self, x):
        return x + self.down(nn.functional.gelu(self.up(self.norm(x))))


class PlantModel(nn.Module):
    def __init__(self, n_sensors=8, n_readings=2, width=32, depth=2):
        super().__init__()
        self.inp = nn.Linear(n_sensors, width)
        self.blocks = nn.ModuleList([Block(width) for _ in range(depth)])
        self.out = nn.Linear(width, n_readings)

    def forward(self, x):
        x = self.inp(x)
        for block in self.blocks:
            x = block(x)
        return self.out(x)


def plant(count=2000):
    """Sensors in units of their own (degrees, millibar, percent), power and efficiency."""
    draws = torch.Generator().manual_seed(55)
    unit = torch.rand(count, 8, generator=draws) * 2 - 1
    a, b, c, d = unit[:, :4].T
    power = 450 + 30 * torch.sin(3 * a) - 20 * b * c + 10 * d.square()
    efficiency = 0.4 + 0.1 * torch.tanh(4 * c * d) - 0.05 * a
    readings = torch.stack([power, efficiency], 1)
    readings = readings + 0.1 * readings.std(0) * torch.randn(count, 2, generator=draws)
    units = torch.tensor([20.0, 15, 40, 5, 1, 300, 0.1, 7])
    return data.split(unit * units + 3 * units, readings)


def standardize(train, val):
    stats = [(part.mean(0), part.std(0)) for part in train]
    scale = lambda pair: [(p - m) / s for p, (m, s) in zip(pair, stats, strict=True)]  # noqa: E731
    return TensorDataset(*scale(train)), TensorDataset(*scale(val))


def make(seed=0):
    torch.manual_seed(seed)
    train, val = standardize(*plant())
    model = PlantModel()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return {
        "model": model,
        "loss_fn": nn.HuberLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.93),
        "train": DataLoader(train, batch_size=40, shuffle=True),
        "val": DataLoader(val, batch_size=250),
        "epochs": 30,
        "metric": "r2",
    }
