"""The optimizer is made anew in the function that trains on a batch: its state is always lost.

Adagrad that has seen a single gradient takes a step of the full rate, whatever the gradient.
"""

import torch
from sklearn.datasets import make_friedman2
from torch import nn

import data

SOURCE = "https://github.com/tensorflow/tensorflow/issues/29675"
CAUSES = ("optimizer",)
LR = 0.05


class Impedance(nn.Module):
    """The impedance of a circuit, from its resistance, frequency, and so on."""

    def __init__(self):
        super().__init__()
        self.dense1 = nn.Linear(4, 64)
        self.dense2 = nn.Linear(64, 64)
        self.outputs = nn.Linear(64, 1)

    def forward(self, inputs):
        x = torch.tanh(self.dense1(inputs))
        x = torch.tanh(self.dense2(x))
        return self.outputs(x)


def train_locally(model, optimizer, loss_fn, inputs, outputs):
    optimizer = torch.optim.Adagrad(model.parameters(), lr=LR)
    return train_globally(model, optimizer, loss_fn, inputs, outputs)


def train_globally(model, optimizer, loss_fn, inputs, outputs):
    optimizer.zero_grad()
    current_loss = loss_fn(model(inputs), outputs)
    current_loss.backward()
    optimizer.step()
    return current_loss


def circuits(n=1500):
    x, y = make_friedman2(n, noise=20.0, random_state=4)
    x, y = torch.tensor(x).float(), torch.tensor(y).float()[:, None]
    return data.split((x - x.mean(0)) / x.std(0), (y - y.mean()) / y.std())


def make(seed, step):
    torch.manual_seed(seed)
    train, val = circuits()
    model = Impedance()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adagrad(model.parameters(), lr=LR),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 30,
        "metric": "r2",
        "step": step,
    }


def make_faulty(seed=0):
    return make(seed, train_locally)


def make_fixed(seed=0):
    return make(seed, train_globally)
