"""Which of six crops suits a field, from soil and weather: an MLP with layer norm."""

import numpy as np
import torch
from torch import nn

import data

COLUMNS = ["nitrogen", "phosphorus", "potassium", "temperature", "humidity", "ph", "rain"]


def fields(count=2400):
    """Each crop has its best ranges; two of them grow in two quite different places."""
    rng = np.random.default_rng(17)
    low = np.array([5.0, 5, 5, 8, 20, 4.2, 100])
    high = np.array([140.0, 110, 120, 36, 95, 8.8, 2600])
    places = rng.uniform(0.1, 0.9, size=(12, len(COLUMNS)))
    place = rng.integers(12, size=count)
    rows = places[place] + 0.12 * rng.normal(size=(count, len(COLUMNS)))
    table = low + (high - low) * np.clip(rows, 0, 1)
    return torch.tensor(table).float(), torch.tensor(place % 6)


class CropNet(nn.Module):
    def __init__(self, n_in, n_classes, width=64, p=0.2):
        super().__init__()
        self.inp = nn.Linear(n_in, width)
        self.norm1 = nn.LayerNorm(width)
        self.hidden = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.drop = nn.Dropout(p)
        self.act = nn.GELU()
        self.out = nn.Linear(width, n_classes)

    def forward(self, x):
        x = self.drop(self.act(self.norm1(self.inp(x))))
        x = x + self.drop(self.act(self.norm2(self.hidden(x))))
        return self.out(x)


def make(seed=0):
    torch.manual_seed(seed)
    (x, y), (x_val, y_val) = data.split(*fields())
    mean, std = x.mean(0), x.std(0)
    model = CropNet(len(COLUMNS), 6)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "train": ((x - mean) / std, y),
        "val": ((x_val - mean) / std, y_val),
        "batch_size": 64,
        "epochs": 24,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 24),
        "metric": "accuracy",
    }
