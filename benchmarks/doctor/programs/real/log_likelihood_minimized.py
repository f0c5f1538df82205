"""A log-likelihood is minimized as if it were a loss: its sign is wrong."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/kmkurn/pytorch-crf/issues/27"
CAUSES = ("loss_mismatch", "optimizer")


def log_likelihood(emissions, tags):
    return torch.log_softmax(emissions, dim=-1).gather(-1, tags[..., None]).mean()


def negative_log_likelihood(emissions, tags):
    return -log_likelihood(emissions, tags)


def make(seed, loss):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Embedding(10, 24), nn.Flatten(), nn.Linear(192, 64), nn.ReLU(),
                          nn.Linear(64, 80), nn.Unflatten(1, (8, 10)))  # fmt: skip
    train, val = data.reversal()
    return {
        "model": model,
        "loss_fn": loss,
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": DataLoader(TensorDataset(*train), batch_size=50, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=100),
        "epochs": 15,
        "metric": lambda out, tags: float((out.argmax(-1) == tags).float().mean()),
    }


def make_faulty(seed=0):
    return make(seed, log_likelihood)


def make_fixed(seed=0):
    return make(seed, negative_log_likelihood)
