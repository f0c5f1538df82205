"""A network first learns by which quarter images are turned; then all of it is fine-tuned.

The quarters are learned from images without labels, the ten digits from 300 of them,
with a smaller rate for what is there than for the new head.
"""

import copy
from functools import cache

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


def encoder():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(),
    )  # fmt: skip


class Classifier(nn.Module):
    def __init__(self, backbone, num_classes):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(32 * 3 * 3, num_classes)

    def forward(self, x):
        return self.head(self.backbone(x))


@cache
def backbone_that_knows_quarters():
    torch.manual_seed(21)
    (images, _), _ = data.mnist(2000, side=14)
    quarters = torch.cat([images.rot90(k, (2, 3)) for k in range(4)])
    labels = torch.arange(4).repeat_interleave(len(images))
    model = Classifier(encoder(), 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(2):
        for rows in torch.randperm(len(labels)).split(64):
            loss = nn.functional.cross_entropy(model(quarters[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.backbone


def make(seed=0):
    backbone = copy.deepcopy(backbone_that_knows_quarters())
    torch.manual_seed(seed)
    (images, ids), val = data.mnist(2000, side=14)
    model = Classifier(backbone, 10)
    optimizer = torch.optim.Adam(
        [
            {"params": model.backbone.parameters(), "lr": 5e-4},
            {"params": model.head.parameters(), "lr": 5e-3},
        ],
        weight_decay=1e-4,
    )
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(label_smoothing=0.05),
        "optimizer": optimizer,
        "train": DataLoader(
            TensorDataset(images[:300], ids[:300]), batch_size=20, shuffle=True
        ),
        "val": DataLoader(TensorDataset(*val), batch_size=250),
        "epochs": 20,
        "metric": "accuracy",
    }
