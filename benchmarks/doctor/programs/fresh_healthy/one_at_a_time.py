"""Online learning: a batch is one sample, and the rate is small enough for that."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


class Perceptron(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(30, 12)
        self.out = nn.Linear(12, 1)

    def forward(self, x):
        return torch.sigmoid(self.out(torch.tanh(self.hidden(x)))).view(-1)


def make(seed=0):
    torch.manual_seed(seed)
    model = Perceptron()
    (x, y), (vx, vy) = data.table("breast_cancer")
    return {
        "model": model,
        "loss_fn": nn.BCELoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.01),
        "train": DataLoader(TensorDataset(x, y.float()), shuffle=True),
        "val": DataLoader(TensorDataset(vx, vy.float())),
        "epochs": 6,
        "metric": "accuracy",
    }
