"""Healthy families of convolutional networks."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import data


class LeNet(nn.Module):
    """Two convolutions with pooling and two linear layers."""

    def __init__(self, width: int, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 5)
        self.conv2 = nn.Conv2d(8, 16, 3)
        self.fc1 = nn.Linear(16 * 5 * 5, width)
        self.fc2 = nn.Linear(width, 10)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        x = F.max_pool2d(self.activation(self.conv1(x)), 2)
        x = F.max_pool2d(self.activation(self.conv2(x)), 2)
        x = self.activation(self.fc1(x.flatten(1)))
        return self.fc2(x)


def cnn(
    seed: int = 0,
    *,
    activation: Callable[[Tensor], Tensor] = F.relu,
    width: int = 64,
    lr: float = 2e-3,
) -> dict[str, Any]:
    """LeNet on a part of MNIST, from a DataLoader."""
    torch.manual_seed(seed)
    model = LeNet(width, activation)
    train, val = data.mnist(1500)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=256),
        "epochs": 6,
    }


class BasicBlock(nn.Module):
    """Two convolutions with batch norm around a shortcut."""

    def __init__(self, in_channels: int, channels: int, stride: int, act: Any) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.act = act()
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, channels, 1, stride, bias=False),
                nn.BatchNorm2d(channels),
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return the activated sum."""
        y = self.bn2(self.conv2(self.act(self.bn1(self.conv1(x)))))
        return self.act(y + self.shortcut(x))


def resnet(
    seed: int = 0,
    *,
    activation: type[nn.Module] = nn.ReLU,
    width: int = 8,
    lr: float = 0.1,
) -> dict[str, Any]:
    """A small ResNet with the usual lr of 0.1, momentum, decay and step schedule."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, 1, 1, bias=False),
        nn.BatchNorm2d(width),
        activation(),
        BasicBlock(width, width, 1, activation),
        BasicBlock(width, 2 * width, 2, activation),
        BasicBlock(2 * width, 4 * width, 2, activation),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4 * width, 10),
    )
    train, val = data.mnist(1500, side=14)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, weight_decay=1e-4)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.MultiStepLR(optimizer, [4], gamma=0.1),
        "train": DataLoader(TensorDataset(*train), batch_size=64, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=256),
        "epochs": 6,
        "metric": "accuracy",
    }


class PreactBlock(nn.Module):
    """Norm, activation, convolution, twice, added to what came in."""

    def __init__(self, channels: int, activation: type[nn.Module]) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(channels),
            activation(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            activation(),
            nn.Conv2d(channels, channels, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return x plus what the body adds."""
        return x + self.body(x)


def preactivation(
    seed: int = 0,
    *,
    activation: type[nn.Module] = nn.ReLU,
    width: int = 16,
    lr: float = 2e-3,
) -> dict[str, Any]:
    """A pre-activation ResNet on the 8x8 digits, AdamW with a cosine schedule."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, width, 3, padding=1),
        PreactBlock(width, activation),
        PreactBlock(width, activation),
        nn.BatchNorm2d(width),
        activation(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(4 * width, 10),
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 5),
        "train": train,
        "val": val,
        "batch_size": 64,
        "epochs": 5,
        "metric": "accuracy",
    }


def vgg(
    seed: int = 0,
    *,
    activation: type[nn.Module] = nn.ReLU,
    width: int = 16,
    lr: float = 3e-3,
) -> dict[str, Any]:
    """A stack of convolutions with batch norm and dropout on small CIFAR-10 (JPEG-75)."""
    torch.manual_seed(seed)

    def stage(channels_in: int, channels: int) -> list[nn.Module]:
        convolution = nn.Conv2d(channels_in, channels, 3, padding=1)
        return [convolution, nn.BatchNorm2d(channels), activation(), nn.MaxPool2d(2)]

    model = nn.Sequential(
        *stage(3, width),
        *stage(width, 2 * width),
        *stage(2 * width, 4 * width),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(16 * width, 10),
    )
    (x, y), (val_x, val_y) = data.cifar(1800, side=16)
    mean, std = x.mean((0, 2, 3), keepdim=True), x.std((0, 2, 3), keepdim=True)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": ((x - mean) / std, y),
        "val": ((val_x - mean) / std, val_y),
        "batch_size": 64,
        "epochs": 10,
        "metric": "accuracy",
    }


class Segmenter(nn.Module):
    """Down by two, up again, with a skip connection; two logits for each pixel."""

    def __init__(self, width: int, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.down = nn.Conv2d(1, width, 3, padding=1)
        self.middle = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.up = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.out = nn.Conv2d(2 * width, 2, 3, padding=1)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (batch, 2, height, width)."""
        down = self.activation(self.down(x))
        middle = self.activation(self.middle(F.max_pool2d(down, 2)))
        return self.out(torch.cat([down, self.activation(self.up(middle))], dim=1))


def segmentation(
    seed: int = 0,
    *,
    activation: Callable[[Tensor], Tensor] = F.relu,
    width: int = 8,
    lr: float = 5e-3,
) -> dict[str, Any]:
    """A small U-net that finds a disk in noise, a class for each pixel."""
    torch.manual_seed(seed)
    model = Segmenter(width, activation)
    train, val = data.blobs_to_segment()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": train,
        "val": val,
        "batch_size": 16,
        "epochs": 12,
    }
