"""LeNet with its sigmoids, at a rate of today: the loss does not leave 2.30."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = (
    "https://devgem.io/posts/"
    "troubleshooting-stagnant-training-metrics-in-lenet-model-training"
)
CAUSES = ("hidden_activation", "vanishing_gradient", "saturation")


def lenet(activation):
    return nn.Sequential(
        nn.Conv2d(1, 6, kernel_size=5, padding=2), activation(),
        nn.AvgPool2d(kernel_size=2, stride=2),
        nn.Conv2d(6, 16, kernel_size=5), activation(),
        nn.AvgPool2d(kernel_size=2, stride=2),
        nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120), activation(),
        nn.Linear(120, 84), activation(),
        nn.Linear(84, 10),
    )  # fmt: skip


def make(seed, activation):
    torch.manual_seed(seed)
    train, val = data.mnist(2000)
    net = lenet(activation)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=100),
        "epochs": 12,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, nn.Sigmoid)


def make_fixed(seed=0):
    return make(seed, nn.ReLU)
