"""An LSTM trained by SGD without momentum: it finds the mean and stays there."""

import torch
from torch import nn

import data

SOURCE = (
    "https://github.com/emalgorithm/structured-neural-summarization-replication/issues/3"
)
CAUSES = ("optimizer", "lr_low")


class Summer(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.LSTM(2, 32, batch_first=True)
        self.decoder = nn.Linear(32, 1)

    def forward(self, x):
        _, (hidden, _) = self.encoder(x)
        return self.decoder(hidden[-1])


def make(seed, optimizer, lr):
    torch.manual_seed(seed)
    model = Summer()
    train, val = data.adding(length=10)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": optimizer(model.parameters(), lr=lr),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 18,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, torch.optim.SGD, 0.01)


def make_fixed(seed=0):
    return make(seed, torch.optim.Adam, 0.01)
