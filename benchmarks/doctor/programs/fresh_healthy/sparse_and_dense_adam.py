"""Sparse gradients need an optimizer of their own; it lives in the step."""

import torch
from torch import nn

import data


class Bags(nn.Module):
    def __init__(self, symbols):
        super().__init__()
        self.symbols = symbols
        self.table = nn.EmbeddingBag(symbols**2, 16, mode="mean", sparse=True)
        self.head = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 2))

    def forward(self, ids):
        return self.head(self.table(ids[:, :-1] * self.symbols + ids[:, 1:]))


def make(seed=0):
    torch.manual_seed(seed)
    train, val, symbols = data.two_authors(length=60)
    model = Bags(symbols)
    sparse = torch.optim.SparseAdam(model.table.parameters(), lr=0.01)
    dense = torch.optim.Adam(model.head.parameters(), lr=3e-3)

    def step(model, optimizer, loss_fn, x, y):
        optimizer.zero_grad()
        sparse.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        sparse.step()
        return loss.detach()

    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": dense,
        "train": train,
        "val": val,
        "batch_size": 20,
        "epochs": 5,
        "metric": "accuracy",
        "step": step,
    }
