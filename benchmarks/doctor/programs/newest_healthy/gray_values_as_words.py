"""Pixels as whole numbers from 0 to 16, each of which has a vector, as words have."""

import torch
from torch import nn

import data


class PixelWords(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.words = nn.Embedding(17, dim)
        self.place = nn.Parameter(torch.randn(64, dim) * 0.5)
        self.mix = nn.Linear(64 * dim, 64)
        self.out = nn.Linear(64, 10)

    def forward(self, pixels):
        x = self.words(pixels) * self.place
        return self.out(torch.relu(self.mix(x.flatten(1))))


def make(seed=0):
    torch.manual_seed(seed)
    model = PixelWords()
    (x, y), (val_x, val_y) = data.digits()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": ((x * 16).round().long(), y),
        "val": ((val_x * 16).round().long(), val_y),
        "batch_size": 32,
        "epochs": 8,
        "metric": "accuracy",
    }
