"""Contrastive: left and right halves of digits find each other among a batch; no labels."""

import torch
import torch.nn.functional as F
from torch import nn

import data


class Halves(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 24))
        self.right = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 24))
        self.log_scale = nn.Parameter(torch.tensor(1.5))

    def forward(self, left, right):
        a, b = F.normalize(self.left(left), dim=1), F.normalize(self.right(right), dim=1)
        return (self.log_scale / 2).exp() * torch.stack([a, b], dim=1)


def info_nce(out, _):
    logits = out[:, 0] @ out[:, 1].T
    own = torch.arange(len(logits))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2


def best_of_ten(out, _):
    """How often the own half is closer than the ones of nine others."""
    own = (out[:, 0] * out[:, 1]).sum(1)
    others = [(out[:, 0] * out[:, 1].roll(k, 0)).sum(1) for k in range(1, 10)]
    return float((own > torch.stack(others).amax(0)).float().mean())


def halves(pair):
    images = pair[0].view(-1, 8, 8)
    left, right = images[:, :, :4].flatten(1), images[:, :, 4:].flatten(1)
    return (left, right), pair[1]


def make(seed=0):
    torch.manual_seed(seed)
    model = Halves()
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": info_nce,
        "optimizer": torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.5),
        "train": halves(train),
        "val": halves(val),
        "batch_size": 64,
        "epochs": 8,
        "metric": best_of_ten,
    }
