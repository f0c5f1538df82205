"""Accuracy compares the labels with the largest scores, where it wants the places of those."""

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/fastai/fastai_old/pull/33"
CAUSES = ("metric",)


def accuracy_of_max(out, yb):
    preds = torch.max(out, dim=1)[0]
    return (preds == yb).float().mean().item()


def accuracy_of_argmax(out, yb):
    preds = torch.argmax(out, dim=1)
    return (preds == yb).float().mean().item()


class Lambda(nn.Module):
    def __init__(self, func):
        super().__init__()
        self.func = func

    def forward(self, x):
        return self.func(x)


def get_model():
    model = nn.Sequential(
        Lambda(lambda x: x.view(-1, 1, 14, 14)),
        nn.Conv2d(1, 16, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 16, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 10, kernel_size=3, stride=2, padding=1),
        nn.AdaptiveAvgPool2d(1),
        Lambda(lambda x: x.view(x.size(0), -1)),
    )
    return model, optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


def make(seed, metric):
    torch.manual_seed(seed)
    (x_train, y_train), (x_valid, y_valid) = data.mnist(1800, side=14)
    mean, std = x_train.mean(), x_train.std()
    train_ds = TensorDataset((x_train - mean).flatten(1) / std, y_train)
    valid_ds = TensorDataset((x_valid - mean).flatten(1) / std, y_valid)
    model, opt = get_model()
    return {
        "model": model,
        "loss_fn": F.cross_entropy,
        "optimizer": opt,
        "train": DataLoader(train_ds, batch_size=32, shuffle=True),
        "val": DataLoader(valid_ds, batch_size=64),
        "epochs": 8,
        "metric": metric,
    }


def make_faulty(seed=0):
    return make(seed, accuracy_of_max)


def make_fixed(seed=0):
    return make(seed, accuracy_of_argmax)
