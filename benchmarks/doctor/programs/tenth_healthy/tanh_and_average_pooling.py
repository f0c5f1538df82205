"""LeNet-5 almost as published: tanh, average pooling, images of 32 by 32, a falling rate."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import ExponentialLR
from torch.utils.data import DataLoader, TensorDataset

import data


class LeNet5(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.feature_extractor = nn.Sequential(
            nn.Conv2d(1, 6, kernel_size=5),
            nn.Tanh(),
            nn.AvgPool2d(kernel_size=2),
            nn.Conv2d(6, 16, kernel_size=5),
            nn.Tanh(),
            nn.AvgPool2d(kernel_size=2),
            nn.Conv2d(16, 120, kernel_size=5),
            nn.Tanh(),
        )
        self.classifier = nn.Sequential(
            nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, n_classes)
        )

    def forward(self, x):
        x = self.feature_extractor(x)
        return self.classifier(torch.flatten(x, 1))


def prepare(pair):
    images, ids = pair
    return TensorDataset(F.pad((images - 0.1307) / 0.3081, (2, 2, 2, 2), value=-0.42), ids)


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.mnist(3000)
    model = LeNet5(10)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4
    )
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": ExponentialLR(optimizer, gamma=0.8),
        "train": DataLoader(prepare(train), batch_size=32, shuffle=True),
        "val": DataLoader(prepare(val), batch_size=250),
        "epochs": 8,
        "metric": "accuracy",
    }
