"""A recurrent network over long sequences without clipping: the loss becomes NaN."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/Marcovaldong/lstmp.pytorch/issues/2"
CAUSES = ("exploding_gradient", "lr_high", "init")


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(1, 32, nonlinearity="relu", batch_first=True)
        self.out = nn.Linear(32, 1)
        nn.init.eye_(self.rnn.weight_hh_l0)

    def forward(self, x):
        states, _ = self.rnn(x)
        return self.out(states[:, -1])


def make(seed, clip):
    torch.manual_seed(seed)
    model = Forecaster()

    def step(model, optimizer, loss_fn, x, y):
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss

    train, val = data.waves(length=40)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.02),
        "train": train,
        "val": val,
        "batch_size": 25,
        "epochs": 15,
        "metric": "r2",
        "step": step,
    }


def make_faulty(seed=0):
    return make(seed, clip=False)


def make_fixed(seed=0):
    return make(seed, clip=True)
