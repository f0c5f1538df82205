"""Pixels in a row go through residual blocks of LayerNorm and GELU; warm-up, then a cosine."""

import math

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

import data


class Block(nn.Module):
    def __init__(self, dim, expansion=2, p=0.2):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(
            nn.Linear(dim, expansion * dim),
            nn.GELU(),
            nn.Dropout(p),
            nn.Linear(expansion * dim, dim),
            nn.Dropout(p),
        )

    def forward(self, x):
        return x + self.mlp(self.norm(x))


class ResidualMLP(nn.Sequential):
    def __init__(self, n_in, n_out, dim=64, depth=4):
        super().__init__(
            nn.Flatten(),
            nn.Linear(n_in, dim),
            *(Block(dim) for _ in range(depth)),
            nn.LayerNorm(dim),
            nn.Linear(dim, n_out),
        )


def warmup_cosine(epoch, warmup=2, total=12):
    if epoch < warmup:
        return (epoch + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * (epoch - warmup) / (total - warmup)))


def make(seed=0):
    torch.manual_seed(seed)
    (x, y), (x_val, y_val) = data.mnist(4500, side=14)
    model = ResidualMLP(14 * 14, 10)
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}],
        lr=2e-3,
    )
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": LambdaLR(optimizer, warmup_cosine),
        "train": ((x - x.mean()) / x.std(), y),
        "val": ((x_val - x.mean()) / x.std(), y_val),
        "batch_size": 64,
        "epochs": 12,
        "metric": "accuracy",
    }
