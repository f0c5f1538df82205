"""Domain-adversarial: a layer turns gradients round, so that domains cannot be told apart."""

import torch
import torch.nn.functional as F
from torch import nn

import data


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        return -0.3 * grad


class Dann(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU()
        )
        self.digit = nn.Linear(48, 10)
        self.domain = nn.Sequential(nn.Linear(48, 24), nn.ReLU(), nn.Linear(24, 2))

    def forward(self, x):
        f = self.features(x)
        return self.digit(f), self.domain(Reverse.apply(f))


def loss_fn(out, y):
    digit, domain = out
    return F.cross_entropy(digit, y[:, 0]) + F.cross_entropy(domain, y[:, 1])


def two_domains(pair):
    x, y = pair
    domain = torch.arange(len(x)) % 2
    x = torch.where(domain[:, None] == 1, 1 - 0.6 * x, x)
    return x, torch.stack([y, domain], dim=1)


def make(seed=0):
    torch.manual_seed(seed)
    model = Dann()
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": loss_fn,
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": two_domains(train),
        "val": two_domains(val),
        "batch_size": 32,
        "epochs": 20,
        "metric": lambda out, y: float((out[0].argmax(1) == y[:, 0]).float().mean()),
    }
