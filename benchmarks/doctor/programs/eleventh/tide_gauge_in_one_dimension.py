"""The network gives a column, the water levels are a flat vector, and the loss takes both.

(32, 1) against (32,) makes 32 x 32 differences, whose best answer is the mean level.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import Dataset

SOURCE = "https://github.com/timeseriesAI/tsai/issues/22"
CAUSES = ("shape_broadcast",)


class TideGauge(Dataset):
    """A day and a half of hourly water levels, and the level six hours later."""

    def __init__(self, begin, end, column):
        t = torch.arange(3000, dtype=torch.float64)
        level = (
            1.0 * torch.cos(2 * math.pi * t / 12.42 + 0.4)
            + 0.45 * torch.cos(2 * math.pi * t / 12.0)
            + 0.3 * torch.cos(2 * math.pi * t / 25.82 + 1.0)
        )
        level = level + 0.25 * level.pow(2)
        noise = torch.randn(3000, generator=torch.Generator().manual_seed(4))
        self.level = ((level - level.mean()) / level.std()).float() + 0.08 * noise
        self.begin, self.end, self.column = begin, end, column

    def __len__(self):
        return self.end - self.begin

    def __getitem__(self, i):
        i += self.begin
        target = self.level[i + 36 + 5]
        return self.level[i : i + 36].unsqueeze(0), target[None] if self.column else target


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 16, 5, padding=2)
        self.conv2 = nn.Conv1d(16, 16, 5, stride=2)
        self.fc1 = nn.Linear(16 * 16, 32)
        self.fc2 = nn.Linear(32, 1)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


def make(seed, column):
    torch.manual_seed(seed)
    net = Net()
    return {
        "model": net,
        "loss_fn": lambda y_hat, y: ((y_hat - y) ** 2).mean(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=1e-3),
        "train": TideGauge(0, 2000, column),
        "val": TideGauge(2050, 2900, column),
        "batch_size": 32,
        "epochs": 10,
        "metric": r2,
    }


def r2(output, target):
    output, target = output.flatten(), target.flatten()
    return 1 - float((output - target).pow(2).mean() / target.var())


def make_faulty(seed=0):
    return make(seed, column=False)


def make_fixed(seed=0):
    return make(seed, column=True)
