"""zero_grad between backward and step: there is no gradient left for the step to use."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://velog.io/@rhss10/기본-optimizer.zerograd는-어디에-넣어주어야-할까"
CAUSES = ("gradient_wiring", "zero_grad_missing")


class WineNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(13, 24)
        self.bn1 = nn.BatchNorm1d(24)
        self.fc2 = nn.Linear(24, 3)

    def forward(self, x):
        return self.fc2(torch.relu(self.bn1(self.fc1(x))))


def train_faulty(model, optimizer, loss_fn, x, y):
    y_hat = model(x)
    loss = loss_fn(y_hat, y)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


def train_fixed(model, optimizer, loss_fn, x, y):
    y_hat = model(x)
    loss = loss_fn(y_hat, y)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


def make(seed, step):
    torch.manual_seed(seed)
    model = WineNet()
    train, val = data.table("wine")
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9),
        "train": DataLoader(
            TensorDataset(*train), batch_size=16, shuffle=True, drop_last=True
        ),
        "val": DataLoader(TensorDataset(*val), batch_size=45),
        "epochs": 40,
        "metric": "accuracy",
        "step": step,
    }


def make_faulty(seed=0):
    return make(seed, train_faulty)


def make_fixed(seed=0):
    return make(seed, train_fixed)
