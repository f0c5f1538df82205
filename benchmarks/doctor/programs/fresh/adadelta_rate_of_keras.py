"""Adadelta with the rate that TensorFlow gives it by default, 0.001: the accuracy stays low.

The method was meant for a rate of one.
"""

import torch
import torch.nn as nn

import data

SOURCE = "https://github.com/GreenWaves-Technologies/gap_sdk/issues/217"
CAUSES = ("optimizer", "lr_low")


class MnistNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Conv2d(16, 16, 3), nn.ReLU(),
            nn.MaxPool2d(2),
        )  # fmt: skip
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(16 * 5 * 5, 64), nn.ReLU(), nn.Dropout(0.25),
            nn.Linear(64, 10),
        )  # fmt: skip

    def forward(self, x):
        return self.classifier(self.features(x))


def one_hot(pair):
    x, y = pair
    return x, nn.functional.one_hot(y, 10).float()


def categorical_accuracy(output, target):
    return (output.argmax(1) == target.argmax(1)).float().mean().item()


def make(seed, lr):
    torch.manual_seed(seed)
    model = MnistNet()
    train, val = data.mnist(1500, side=14)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adadelta(model.parameters(), lr=lr, rho=0.95),
        "train": one_hot(train),
        "val": one_hot(val),
        "batch_size": 32,
        "epochs": 8,
        "metric": categorical_accuracy,
    }


def make_faulty(seed=0):
    return make(seed, lr=0.001)


def make_fixed(seed=0):
    return make(seed, lr=1.0)
