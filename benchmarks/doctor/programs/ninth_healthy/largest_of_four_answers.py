"""Maxout units, and weights that are pulled back after a step if they have grown too long."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


class Maxout(nn.Module):
    def __init__(self, n_in, n_out, pieces=4):
        super().__init__()
        self.pieces = pieces
        self.linear = nn.Linear(n_in, n_out * pieces)

    def forward(self, x):
        return self.linear(x).unflatten(1, (-1, self.pieces)).amax(2)


def step(model, optimizer, loss_fn, x, y):
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        for p in model.parameters():
            if p.ndim == 2:
                p.copy_(p.renorm(2, 0, 1.9))
    return loss


def make(seed=0):
    torch.manual_seed(seed)
    (x, y), (x_val, y_val) = data.mnist(4500, 14)
    model = nn.Sequential(
        nn.Flatten(),
        nn.Dropout(0.15),
        Maxout(196, 40),
        nn.Dropout(0.25),
        Maxout(40, 40),
        nn.Linear(40, 10),
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.8)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9),
        "train": DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(x_val, y_val), batch_size=200),
        "epochs": 14,
        "metric": "accuracy",
        "step": step,
    }
