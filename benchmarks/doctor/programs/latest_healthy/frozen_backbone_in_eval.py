"""A network that knows six digits is frozen, its batch norm in eval; a head learns the rest."""

import copy
from functools import cache

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


def convolutions():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(),
    )  # fmt: skip


def digits(pair, classes):
    images, ids = pair
    keep = torch.isin(ids, torch.tensor(classes))
    labels = torch.tensor([classes.index(i) for i in ids[keep].tolist()])
    return TensorDataset((images[keep] - 0.1307) / 0.3081, labels)


@cache
def pretrained():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        net = nn.Sequential(convolutions(), nn.Linear(32 * 3 * 3, 6))
        optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
        known = digits(data.mnist(1500, side=14)[0], [0, 1, 2, 3, 4, 5])
        for _ in range(3):
            for x, y in DataLoader(known, batch_size=32, shuffle=True):
                optimizer.zero_grad()
                nn.functional.cross_entropy(net(x), y).backward()
                optimizer.step()
    return net[0]


class TransferNet(nn.Module):
    def __init__(self, backbone, n_classes):
        super().__init__()
        self.backbone = backbone
        for p in self.backbone.parameters():
            p.requires_grad_(False)
        self.head = nn.Sequential(
            nn.Dropout(0.2), nn.Linear(32 * 3 * 3, 32), nn.ReLU(), nn.Linear(32, n_classes)
        )

    def train(self, mode=True):
        super().train(mode)
        self.backbone.eval()  # its running statistics stay as they are
        return self

    def forward(self, x):
        with torch.no_grad():
            feats = self.backbone(x)
        return self.head(feats)


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.mnist(1500, side=14)
    model = TransferNet(copy.deepcopy(pretrained()), 4).train()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.head.parameters(), lr=2e-3),
        "train": DataLoader(digits(train, [6, 7, 8, 9]), batch_size=32, shuffle=True),
        "val": DataLoader(digits(val, [6, 7, 8, 9]), batch_size=100),
        "epochs": 6,
        "metric": "accuracy",
    }
