"""Two convolutions learned from MNIST stay as they are; a new top reads 400 scanned digits."""

from functools import cache

import torch
import torch.nn.functional as F
from torch import nn

import data


class Backbone(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(),
        )  # fmt: skip


@cache
def pretrained():
    (images, ids), _ = data.mnist(2000, side=14)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        net = nn.Sequential(Backbone(), nn.Linear(32 * 9, 10))
        optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
        for _ in range(5):
            for rows in torch.randperm(len(ids)).split(32):
                optimizer.zero_grad()
                F.cross_entropy(net((images[rows] - 0.13) / 0.31), ids[rows]).backward()
                optimizer.step()
    return net[0].state_dict()


def enlarged(pair, count=None):
    """Images of 8 by 8 as large as those that the backbone has seen."""
    images, ids = pair
    images = images[:count].view(-1, 1, 8, 8)
    images = F.interpolate(images, size=14, mode="bilinear", align_corners=False)
    return (images - 0.3) / 0.36, ids[:count]


class Transferred(nn.Module):
    def __init__(self, n_classes=10):
        super().__init__()
        self.backbone = Backbone()
        self.backbone.load_state_dict(pretrained())
        self.backbone.requires_grad_(False)
        self.top = nn.Sequential(
            nn.Linear(32 * 9, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, n_classes)
        )

    def forward(self, x):
        return self.top(self.backbone(x))


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.digits()
    model = Transferred()
    trainable = filter(lambda p: p.requires_grad, model.parameters())
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(trainable, lr=2e-3),
        "train": enlarged(train, 400),
        "val": enlarged(val),
        "batch_size": 20,
        "epochs": 12,
        "metric": "accuracy",
    }
