"""Whether the number of ones among six of ten bits is odd: two hidden layers learn it."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def make(seed=0):
    torch.manual_seed(seed)
    rng = np.random.default_rng(12)
    bits = ((np.arange(1024)[:, None] >> np.arange(10)) & 1).astype(np.float32)
    labels = bits[:, :6].sum(1, keepdims=True) % 2
    order = rng.permutation(1024)
    x, y = torch.from_numpy(bits[order] * 2 - 1), torch.from_numpy(labels[order])

    model = nn.Sequential(
        nn.Linear(10, 64),
        nn.ReLU(),
        nn.Linear(64, 64),
        nn.ReLU(),
        nn.Linear(64, 1),
    )
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.05),
        "train": DataLoader(TensorDataset(x[:800], y[:800]), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(x[800:], y[800:]), batch_size=224),
        "epochs": 60,
        "metric": lambda out, y: ((out > 0) == (y > 0.5)).float().mean().item(),
    }
