"""Logistic regression over 700 columns that are nearly always zero."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


def bag(pair, symbols):
    ids, who = pair
    pairs = ids[:, :-1] * symbols + ids[:, 1:]
    x = torch.zeros(len(ids), symbols * symbols).scatter_(1, pairs, 1.0)
    return TensorDataset(x, who[:, None].float())


def make(seed=0):
    torch.manual_seed(seed)
    train, val, symbols = data.two_authors(length=80, count=2000)
    model = nn.Linear(symbols**2, 1)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=1e-3),
        "train": DataLoader(bag(train, symbols), batch_size=50, shuffle=True),
        "val": DataLoader(bag(val, symbols), batch_size=200),
        "epochs": 12,
        "metric": "accuracy",
    }
