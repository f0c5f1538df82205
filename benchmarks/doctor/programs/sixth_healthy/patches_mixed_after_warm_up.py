"""An MLP-Mixer for digits: the rate climbs for two epochs and comes down along a cosine."""

import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR
from torch.utils.data import DataLoader, TensorDataset

import data


def mlp(n, hidden):
    return nn.Sequential(nn.Linear(n, hidden), nn.GELU(), nn.Linear(hidden, n))


class MixerBlock(nn.Module):
    def __init__(self, tokens, dim):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.over_tokens = mlp(tokens, 2 * tokens)
        self.over_channels = mlp(dim, 2 * dim)

    def forward(self, x):
        x = x + self.over_tokens(self.norm1(x).mT).mT
        return x + self.over_channels(self.norm2(x))


class Mixer(nn.Module):
    def __init__(self, tokens=16, dim=48, depth=2):
        super().__init__()
        self.stem = nn.Conv2d(1, dim, 2, stride=2)
        self.blocks = nn.Sequential(*(MixerBlock(tokens, dim) for _ in range(depth)))
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, 10)

    def forward(self, x):
        x = self.stem(x.view(-1, 1, 8, 8)).flatten(2).mT
        return self.head(self.norm(self.blocks(x)).mean(1))


def make(seed=0, epochs=15, warm_up=2):
    torch.manual_seed(seed)
    train, val = data.digits()
    model = Mixer()
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.05)
    scheduler = SequentialLR(
        optimizer,
        [
            LinearLR(optimizer, start_factor=0.1, total_iters=warm_up),
            CosineAnnealingLR(optimizer, epochs - warm_up, eta_min=1e-5),
        ],
        milestones=[warm_up],
    )
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(label_smoothing=0.05),
        "optimizer": optimizer,
        "scheduler": scheduler,
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=150),
        "epochs": epochs,
        "metric": "accuracy",
    }
