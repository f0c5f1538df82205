"""A perceptron of three layers with batch norm and dropout learns MNIST by AdamW."""

import torch
from torch import nn
from torch.utils.data import Dataset

import data


class FlatDigits(Dataset):
    def __init__(self, pair):
        self.x, self.y = pair[0].reshape(-1, 28 * 28), pair[1]

    def __len__(self):
        return self.y.numel()

    def __getitem__(self, i):
        return self.x[i], self.y[i].item()


def dense(n_in, n_out, drop):
    return nn.Sequential(
        nn.Linear(n_in, n_out), nn.BatchNorm1d(n_out), nn.ReLU(), nn.Dropout(drop)
    )


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.mnist(4000)
    mlp = nn.Sequential(dense(784, 200, 0.3), dense(200, 100, 0.3), nn.Linear(100, 10))
    optimizer = torch.optim.AdamW(mlp.parameters(), lr=3e-3, weight_decay=0.01)
    return {
        "model": mlp,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=15),
        "train": FlatDigits(train),
        "val": FlatDigits(val),
        "batch_size": 64,
        "epochs": 15,
        "metric": "accuracy",
    }
