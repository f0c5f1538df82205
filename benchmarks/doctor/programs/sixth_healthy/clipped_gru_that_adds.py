"""A GRU adds up the two marked numbers of a sequence; the norm of its gradients is clipped."""

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_

import data


class Adder(nn.Module):
    def __init__(self, hidden_size=32):
        super().__init__()
        self.gru = nn.GRU(2, hidden_size, batch_first=True)
        self.linear = nn.Linear(hidden_size, 1)

    def forward(self, sequences):
        _, last = self.gru(sequences)
        return self.linear(last[-1])


def train_step(model, optimizer, criterion, sequences, sums):
    optimizer.zero_grad(set_to_none=True)
    loss = criterion(model(sequences), sums)
    loss.backward()
    clip_grad_norm_(model.parameters(), max_norm=1.0)
    optimizer.step()
    return loss.detach()


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.adding(2400, length=12)
    model = Adder()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 15,
        "metric": "r2",
        "step": train_step,
    }
