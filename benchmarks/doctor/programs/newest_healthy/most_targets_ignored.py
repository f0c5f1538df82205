"""Masked characters are guessed from both sides: five targets in six are -100."""

import torch
from torch import nn

import data


class Filler(nn.Module):
    def __init__(self, n_chars):
        super().__init__()
        self.embedding = nn.Embedding(n_chars + 1, 24)
        self.gru = nn.GRU(24, 32, bidirectional=True, batch_first=True)
        self.head = nn.Linear(64, n_chars)

    def forward(self, ids):
        out, _ = self.gru(self.embedding(ids))
        return self.head(out).transpose(1, 2)


def masked(pair, n_chars, seed):
    ids = pair[0]
    chosen = torch.rand(ids.shape, generator=torch.Generator().manual_seed(seed)) < 1 / 6
    return ids.masked_fill(chosen, n_chars), ids.masked_fill(~chosen, -100)


def accuracy(logits, targets):
    counted = targets != -100
    return float((logits.argmax(1) == targets)[counted].float().mean())


def make(seed=0):
    torch.manual_seed(seed)
    train, val, n_chars = data.characters(length=20, count=500)
    model = Filler(n_chars)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-2),
        "train": masked(train, n_chars, 1),
        "val": masked(val, n_chars, 2),
        "batch_size": 20,
        "epochs": 8,
        "metric": accuracy,
    }
