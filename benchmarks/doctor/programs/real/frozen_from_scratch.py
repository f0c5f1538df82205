"""Early layers are frozen as for a pretrained network, but nothing was pretrained."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/pytorch/vision/pull/2160"
CAUSES = ("frozen_parameters",)


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(),
            nn.Conv2d(4, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 8, 2), nn.BatchNorm2d(8), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        return self.head(self.backbone(x)[:, :, 0, 0])


def make(seed, freeze):
    torch.manual_seed(seed)
    model = Detector()
    if freeze:
        for parameter in model.backbone.parameters():
            parameter.requires_grad_(False)
    train, val = data.mnist(1800, side=14)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(
            [p for p in model.parameters() if p.requires_grad], lr=5e-3
        ),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 6,
    }


def make_faulty(seed=0):
    return make(seed, freeze=True)


def make_fixed(seed=0):
    return make(seed, freeze=False)
