"""Adam with weights in half precision: its eps of 1e-8 is zero there, and NaN follows."""

import torch
from torch import nn

import data

SOURCE = "https://discuss.pytorch.org/t/adam-half-precision-nans/1765"
CAUSES = ("numerics", "optimizer")


def make(seed, dtype):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)
    ).to(dtype)
    (x, y), (val_x, val_y) = data.digits()
    return {
        "model": model,
        "loss_fn": lambda out, label: nn.functional.cross_entropy(out.float(), label),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3),
        "train": (x.to(dtype), y),
        "val": (val_x.to(dtype), val_y),
        "batch_size": 32,
        "epochs": 12,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, torch.float16)


def make_fixed(seed=0):
    return make(seed, torch.float32)
