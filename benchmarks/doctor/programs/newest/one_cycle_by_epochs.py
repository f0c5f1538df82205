"""A one-cycle schedule for all steps is stepped once an epoch: its warm-up hardly begins."""

import math

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/pytorch/pytorch/issues/65417"
CAUSES = ("lr_low", "optimizer", "epochs_few")

EPOCHS = 12


def one_cycle(total_steps, pct_start=0.3, div_factor=25.0, final_div_factor=1e4):
    """A factor of the largest rate: up by a cosine, and down again."""
    peak = pct_start * total_steps

    def factor(step):
        if step < peak:
            part, low = step / peak, 1 / div_factor
        else:
            part = 1 - min(1.0, (step - peak) / (total_steps - peak))
            low = 1 / final_div_factor
        return low + (1 - low) * (1 - math.cos(math.pi * part)) / 2

    return factor


def make(seed, by_batches):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 10)
    )
    train, val = data.digits()
    loader = DataLoader(TensorDataset(*train), batch_size=64, shuffle=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    steps = EPOCHS * len(loader) if by_batches else EPOCHS
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": LambdaLR(optimizer, one_cycle(steps)),
        "train": loader,
        "val": DataLoader(TensorDataset(*val), batch_size=225),
        "epochs": EPOCHS,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, by_batches=True)


def make_fixed(seed=0):
    return make(seed, by_batches=False)
