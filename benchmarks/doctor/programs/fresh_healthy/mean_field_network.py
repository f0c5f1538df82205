"""The output is a mean over hidden units, so that the right rate grows with width."""

import torch
from torch import nn

import data

WIDTH = 512


class MeanField(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(64, WIDTH)
        self.outer = nn.Parameter(torch.randn(WIDTH, 10))

    def forward(self, x):
        return torch.relu(self.inner(x)) @ self.outer / WIDTH


def make(seed=0):
    torch.manual_seed(seed)
    model = MeanField()
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.04 * WIDTH),
        "train": train,
        "val": val,
        "batch_size": 64,
        "epochs": 25,
        "metric": "accuracy",
    }
