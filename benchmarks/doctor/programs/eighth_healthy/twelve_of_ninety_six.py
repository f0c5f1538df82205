"""A k-sparse autoencoder of digits: of 96 hidden units, the twelve largest may speak."""

import torch
from torch import nn

import data


class KSparse(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.k = k

    def forward(self, h):
        values, places = h.topk(self.k, dim=1)
        return torch.zeros_like(h).scatter(1, places, values)


def explained_share(output, target):
    rest = (output - target).pow(2).sum()
    return 1 - (rest / (target - target.mean(0)).pow(2).sum()).item()


def make(seed=0):
    torch.manual_seed(seed)
    (train_x, _), (val_x, _) = data.digits()
    encoder = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 96))
    decoder = nn.Linear(96, 64)
    autoencoder = nn.Sequential(encoder, KSparse(12), decoder)
    mean = train_x.mean(0)
    train_x, val_x = train_x - mean, val_x - mean
    return {
        "model": autoencoder,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(autoencoder.parameters(), lr=2e-3),
        "train": (train_x, train_x),
        "val": (val_x, val_x),
        "batch_size": 32,
        "epochs": 30,
        "metric": explained_share,
    }
