"""A model of characters whose output layer is the embedding itself."""

import torch
import torch.nn.functional as F
from torch import nn

import data


class Tied(nn.Module):
    def __init__(self, symbols, width=48):
        super().__init__()
        self.encoder = nn.Embedding(symbols, width)
        self.rnn = nn.GRU(width, width, batch_first=True)
        self.decoder = nn.Linear(width, symbols)
        self.decoder.weight = self.encoder.weight
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def forward(self, ids):
        # a softmax over classes on the second axis, as the loss of torch wants it
        return self.decoder(self.rnn(self.encoder(ids))[0]).permute(0, 2, 1)


def make(seed=0):
    torch.manual_seed(seed)
    train, val, symbols = data.characters()
    model = Tied(symbols)

    def step(model, optimizer, loss_fn, x, y):
        optimizer.zero_grad(set_to_none=True)
        loss = loss_fn(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        optimizer.step()
        return loss

    return {
        "model": model,
        "loss_fn": F.cross_entropy,
        "optimizer": torch.optim.AdamW(model.parameters(), lr=0.01),
        "train": train,
        "val": val,
        "batch_size": 16,
        "epochs": 6,
        "step": step,
        "metric": lambda out, y: float((out.argmax(1) == y).float().mean()),
    }
