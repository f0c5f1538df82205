"""A deep ResNet, the last gain of each block zero at first: odd digits or even."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


class BasicBlock(nn.Module):
    def __init__(self, n_in, n_out, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        nn.init.zeros_(self.bn2.weight)
        self.downsample = nn.Identity()
        if stride > 1 or n_in != n_out:
            self.downsample = nn.Sequential(
                nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out)
            )

    def forward(self, x):
        out = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(out)) + self.downsample(x))


class ResNet20(nn.Module):
    def __init__(self, widths=(8, 16, 24), blocks=3):
        super().__init__()
        n_in = widths[0]
        layers = [nn.Conv2d(1, n_in, 3, 1, 1, bias=False), nn.BatchNorm2d(n_in), nn.ReLU()]
        for stage, width in enumerate(widths):
            for i in range(blocks):
                layers.append(BasicBlock(n_in, width, 2 if stage and not i else 1))
                n_in = width
        self.body = nn.Sequential(*layers)
        self.fc = nn.Linear(n_in, 2)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        return self.fc(self.body(x).mean((2, 3)))


def odd_or_even(pair):
    images, ids = pair
    return TensorDataset((images - 0.13) / 0.3, ids % 2)


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.mnist(1200, side=7)
    model = ResNet20()
    epochs = 8
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4, nesterov=True
    )
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        "train": DataLoader(odd_or_even(train), batch_size=32, shuffle=True),
        "val": DataLoader(odd_or_even(val), batch_size=100),
        "epochs": epochs,
        "metric": "accuracy",
    }
