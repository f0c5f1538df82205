"""A regression head whose output is squeezed, against labels that are a column."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/deepset-ai/FARM/issues/229"
CAUSES = ("shape_broadcast",)


class RegressionHead(nn.Module):
    def __init__(self, squeeze):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(10, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh()
        )
        self.out = nn.Linear(40, 1)
        self.squeeze = squeeze

    def forward(self, x):
        logits = self.out(self.body(x))
        return logits.squeeze(-1) if self.squeeze else logits


def make(seed, squeeze):
    torch.manual_seed(seed)
    model = RegressionHead(squeeze)
    (x, y), (val_x, val_y) = data.table("diabetes")
    y, val_y = (y[:, None] - 150) / 77, (val_y[:, None] - 150) / 77
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(val_x, val_y), batch_size=32),
        "epochs": 15,
    }


def make_faulty(seed=0):
    return make(seed, squeeze=True)


def make_fixed(seed=0):
    return make(seed, squeeze=False)
