"""Is a digit above four? One sigmoid output, nn.BCELoss, and columns as targets."""

import torch
import torch.nn as nn

import data


def above_four(pair):
    x, ids = pair
    return (x - 0.305) / 0.375, (ids > 4).float().unsqueeze(1)


def binary_accuracy(probabilities, y):
    return ((probabilities > 0.5) == (y > 0.5)).float().mean().item()


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.digits()
    model = nn.Sequential(
        nn.Linear(64, 64),
        nn.ReLU(),
        nn.Linear(64, 32),
        nn.ReLU(),
        nn.Linear(32, 1),
        nn.Sigmoid(),
    )
    return {
        "model": model,
        "loss_fn": nn.BCELoss(),
        "optimizer": torch.optim.RMSprop(model.parameters(), lr=1e-3),
        "train": above_four(train),
        "val": above_four(val),
        "batch_size": 32,
        "epochs": 10,
        "metric": binary_accuracy,
    }
