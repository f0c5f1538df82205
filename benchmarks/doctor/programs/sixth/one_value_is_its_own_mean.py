"""A forecaster begins with nn.LayerNorm over its input features, of which there is one.

A single value minus its own mean is zero, so that all the network ever sees is zeros.
"""

import torch
from torch import nn

import data

SOURCE = "https://github.com/pytorch/pytorch/issues/108956"
CAUSES = ("normalization",)


class Forecaster(nn.Module):
    def __init__(self, input_size=1, hidden_size=32, norm_first=True):
        super().__init__()
        self.norm_first = norm_first
        self.norm = nn.LayerNorm(input_size if norm_first else hidden_size)
        self.gru = nn.GRU(input_size, hidden_size, batch_first=True)
        self.head = nn.Sequential(
            nn.Linear(hidden_size, hidden_size), nn.GELU(), nn.Linear(hidden_size, 1)
        )

    def forward(self, series):
        if self.norm_first:
            series = self.norm(series)
        states, _ = self.gru(series)
        last = states[:, -1]
        return self.head(last if self.norm_first else self.norm(last))


def make(seed, norm_first):
    torch.manual_seed(seed)
    train, val = data.waves()
    model = Forecaster(norm_first=norm_first)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=3e-3),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 20,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, norm_first=True)


def make_fixed(seed=0):
    return make(seed, norm_first=False)
