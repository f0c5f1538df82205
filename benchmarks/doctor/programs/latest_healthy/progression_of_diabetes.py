"""Progression of diabetes after a year: a small net with weight decay, R2 above a half."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


class Regressor(nn.Module):
    def __init__(self, n_features, hidden=16):
        super().__init__()
        self.hidden = nn.Linear(n_features, hidden)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.out(self.drop(torch.relu(self.hidden(x))))


def make(seed=0):
    torch.manual_seed(seed)
    (x, y), (val_x, val_y) = data.table("diabetes")
    mean, std = y.mean(), y.std()
    train = TensorDataset(x, ((y - mean) / std).unsqueeze(1))
    val = TensorDataset(val_x, ((val_y - mean) / std).unsqueeze(1))
    net = Regressor(x.shape[1])
    return {
        "model": net,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=2e-3, weight_decay=1e-2),
        "train": DataLoader(train, batch_size=16, shuffle=True),
        "val": DataLoader(val, batch_size=111),
        "epochs": 30,
        "metric": "r2",
    }
