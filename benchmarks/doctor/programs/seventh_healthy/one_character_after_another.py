"""An LSTM language model on characters, its dropout the same at all times of a sequence."""

import torch
from torch import nn

import data


class LockedDropout(nn.Module):
    """Drops the same units at every step of a sequence, another choice for each sequence."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        mask = x.new_empty(x.shape[0], 1, x.shape[2]).bernoulli_(1 - self.p)
        return x * mask / (1 - self.p)


class CharLM(nn.Module):
    def __init__(self, n_chars, hidden=96):
        super().__init__()
        self.embed = nn.Embedding(n_chars, 32)
        self.lstm = nn.LSTM(32, hidden, batch_first=True)
        self.dropout = LockedDropout(0.1)
        self.out = nn.Linear(hidden, n_chars)
        with torch.no_grad():  # the forget gate is open at first
            self.lstm.bias_ih_l0[hidden : 2 * hidden] = 1.0

    def forward(self, ids):
        states, _ = self.lstm(self.embed(ids))
        return self.out(self.dropout(states)).transpose(1, 2)


def accuracy_of_characters(scores, targets):
    return (scores.argmax(1) == targets).float().mean().item()


def make(seed=0):
    torch.manual_seed(seed)
    train, val, n_chars = data.characters(length=40, count=1600)
    model = CharLM(n_chars)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

    def step(model, optimizer, loss_fn, ids, targets):
        optimizer.zero_grad()
        loss = loss_fn(model(ids), targets)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss

    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 10,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10),
        "metric": accuracy_of_characters,
        "step": step,
    }
