"""ArcFace: cosines to a center of each class, times 20; the own angle must be smaller by 0.3.

The margin is part of the training step only; the loss that is reported knows nothing of it.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


class Embedding(nn.Module):
    def __init__(self, size=12, scale=20.0):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(196, 128, bias=False), nn.BatchNorm1d(128), nn.PReLU(),
            nn.Dropout(0.2),
            nn.Linear(128, 64, bias=False), nn.BatchNorm1d(64), nn.PReLU(),
            nn.Linear(64, size, bias=False), nn.BatchNorm1d(size, affine=False),
        )  # fmt: skip
        self.centers = nn.Parameter(torch.randn(10, size))
        self.scale = scale

    def cosines(self, x):
        return F.normalize(self.body(x.flatten(1))) @ F.normalize(self.centers).T

    def forward(self, x):
        return self.scale * self.cosines(x)


class MarginStep:
    def __init__(self, margin=0.3):
        self.cos, self.sin = math.cos(margin), math.sin(margin)

    def __call__(self, model, optimizer, loss_fn, x, y):
        cosines = model.cosines(x)
        own = cosines.gather(1, y[:, None])
        sine = (1 - own.square()).clamp(min=1e-6).sqrt()
        harder = own * self.cos - sine * self.sin
        logits = model.scale * cosines.scatter(1, y[:, None], harder)
        loss = loss_fn(logits, y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.detach()


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.mnist(4500, side=14)
    model = Embedding()
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.MultiStepLR(optimizer, [8, 11]),
        "train": DataLoader(
            TensorDataset(*train), batch_size=64, shuffle=True, drop_last=True
        ),
        "val": DataLoader(TensorDataset(*val), batch_size=250),
        "epochs": 13,
        "metric": "accuracy",
        "step": MarginStep(),
    }
