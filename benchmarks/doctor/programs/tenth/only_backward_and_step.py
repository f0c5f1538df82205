"""A training loop of backward and step only: the gradients of all batches add up."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/yastrebksv/TennisCourtDetector/issues/7"
CAUSES = ("zero_grad_missing",)


class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, padding=1),
            nn.ReLU(),
            nn.BatchNorm2d(out_channels),
        )

    def forward(self, x):
        return self.block(x)


class DigitNet(nn.Module):
    def __init__(self, out_channels=10):
        super().__init__()
        self.conv1 = ConvBlock(1, 16)
        self.conv2 = ConvBlock(16, 32)
        self.pool = nn.MaxPool2d(2)
        self.drop = nn.Dropout(0.25)
        self.head = nn.Linear(32 * 2 * 2, out_channels)

    def forward(self, x):
        x = x.view(-1, 1, 8, 8)
        x = self.pool(self.conv1(x))
        x = self.pool(self.conv2(x))
        return self.head(self.drop(x.flatten(1)))


def train_step(model, optimizer, criterion, inputs, labels):
    out = model(inputs)
    loss = criterion(out, labels)
    loss.backward()
    optimizer.step()
    return loss


def clean_step(model, optimizer, criterion, inputs, labels):
    optimizer.zero_grad()
    return train_step(model, optimizer, criterion, inputs, labels)


def make(seed, step):
    torch.manual_seed(seed)
    train, val = data.digits()
    model = DigitNet()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=150),
        "epochs": 12,
        "metric": "accuracy",
        "step": step,
    }


def make_faulty(seed=0):
    return make(seed, train_step)


def make_fixed(seed=0):
    return make(seed, clean_step)
