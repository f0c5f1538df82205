"""Digits turned by quarters, half of them negatives: batch norm, and which way is up."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

import data


class Turned(Dataset):
    """Turned and perhaps negative: drawn anew for training and fixed for validation."""

    def __init__(self, images, *, fixed):
        self.images = (images - 0.13) / 0.31
        self.draws = torch.arange(len(images)) % 8 if fixed else None

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        draw = torch.randint(8, ()) if self.draws is None else self.draws[i]
        image = self.images[i] if draw < 4 else -self.images[i]
        return torch.rot90(image, int(draw % 4), dims=(1, 2)), draw % 4


def conv_bn(n_in, n_out, stride=1):
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(inplace=True),
    )


class RotNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            conv_bn(1, 16),
            conv_bn(16, 32, stride=2),
            conv_bn(32, 32),
            conv_bn(32, 64, stride=2),
        )
        self.classifier = nn.Linear(64 * 4 * 4, 4)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def make(seed=0):
    torch.manual_seed(seed)
    (images, _), (val_images, _) = data.mnist(3000, side=14)
    model = RotNet()
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4, nesterov=True
    )
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "train": DataLoader(Turned(images, fixed=False), batch_size=64, shuffle=True),
        "val": DataLoader(Turned(val_images, fixed=True), batch_size=250),
        "epochs": 12,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 12),
        "metric": "accuracy",
    }
