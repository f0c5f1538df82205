"""One hidden layer of sigmoids, sigmoid outputs, squared error, one sample at a time."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


def accuracy(out, target):
    return float((out.argmax(1) == target.argmax(1)).float().mean())


def make(seed=0):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(64, 30), nn.Sigmoid(), nn.Linear(30, 10), nn.Sigmoid())
    for layer in (net[0], net[2]):
        nn.init.normal_(layer.weight, 0, layer.in_features**-0.5)
        nn.init.normal_(layer.bias)
    (x, y), (vx, vy) = data.digits()
    t, vt = (nn.functional.one_hot(k, 10).float() for k in (y, vy))
    return {
        "model": net,
        "loss_fn": lambda a, t: 0.5 * (a - t).square().sum(1).mean(),
        "optimizer": torch.optim.SGD(net.parameters(), lr=3.0),
        "train": DataLoader(TensorDataset(x, t), batch_size=10, shuffle=True),
        "val": DataLoader(TensorDataset(vx, vt), batch_size=100),
        "epochs": 25,
        "metric": accuracy,
    }
