"""A recurrent network of ReLUs adds two marked numbers; its gradients are never clipped.

Each of twelve steps multiplies by the same matrix: now and then one gradient is a thousand.
"""

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://mlkatas.com/kata/53"
CAUSES = ("exploding_gradient", "lr_high")


class RNN(nn.Module):
    def __init__(self, input_size=2, hidden_size=48):
        super().__init__()
        self.rnn = nn.RNN(input_size, hidden_size, nonlinearity="relu", batch_first=True)
        nn.init.eye_(self.rnn.weight_hh_l0)
        self.linear = nn.Linear(hidden_size, 1)

    def forward(self, x):
        _, h_n = self.rnn(x)
        return self.linear(h_n[-1])


def train_step(max_norm):
    def step(model, optimizer, criterion, x, y):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        if max_norm is not None:
            clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        return loss

    return step


def make(seed, max_norm):
    torch.manual_seed(seed)
    train, val = data.adding(2400, 12)
    model = RNN()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 40),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=100),
        "epochs": 40,
        "metric": "r2",
        "step": train_step(max_norm),
    }


def make_faulty(seed=0):
    return make(seed, max_norm=None)


def make_fixed(seed=0):
    return make(seed, max_norm=0.3)
