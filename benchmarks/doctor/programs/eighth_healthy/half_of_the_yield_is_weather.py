"""Half of the variance is noise, and the other half a curved function of four inputs."""

import numpy as np
import torch
from torch import nn

import data


def fields(n=3000, seed=17):
    """Yield of a field from four conditions, and from the weather, that nobody knows."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1.5, 1.5, size=(n, 4))
    signal = np.cos(2 * x[:, 0]) - x[:, 1] ** 2 + x[:, 2] * x[:, 3]
    signal = (signal - signal.mean()) / signal.std()
    y = (signal + rng.normal(size=n)) / np.sqrt(2)
    return torch.tensor(x).float(), torch.tensor(y).float().unsqueeze(1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 32)
        self.fc2 = nn.Linear(32, 32)
        self.out = nn.Linear(32, 1)
        self.act = nn.SiLU()

    def forward(self, x):
        return self.out(self.act(self.fc2(self.act(self.fc1(x)))))


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.split(*fields())
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 16),
        "train": train,
        "val": val,
        "batch_size": 50,
        "epochs": 16,
        "metric": "r2",
    }
