"""Dropout of one half follows each of the three pooling layers of a narrow network."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/rasbt/machine-learning-book/issues/191"
CAUSES = ("regularization",)


def build_model(p):
    model = nn.Sequential()
    model.add_module("conv1", nn.Conv2d(1, 6, kernel_size=3, padding=1))
    model.add_module("relu1", nn.ReLU())
    model.add_module("pool1", nn.MaxPool2d(kernel_size=2))
    model.add_module("dropout1", nn.Dropout(p=p))
    model.add_module("conv2", nn.Conv2d(6, 12, kernel_size=3, padding=1))
    model.add_module("relu2", nn.ReLU())
    model.add_module("pool2", nn.MaxPool2d(kernel_size=2, ceil_mode=True))
    model.add_module("dropout2", nn.Dropout(p=p))
    model.add_module("conv3", nn.Conv2d(12, 24, kernel_size=3, padding=1))
    model.add_module("relu3", nn.ReLU())
    model.add_module("pool3", nn.AvgPool2d(kernel_size=2))
    model.add_module("dropout3", nn.Dropout(p=p))
    model.add_module("flatten", nn.Flatten())
    model.add_module("fc", nn.Linear(24 * 2 * 2, 10))
    return model


def make(seed, p):
    torch.manual_seed(seed)
    (x_train, y_train), (x_valid, y_valid) = data.mnist(2400, 14)
    train_dl = DataLoader(TensorDataset(x_train, y_train), 32, shuffle=True)
    valid_dl = DataLoader(TensorDataset(x_valid, y_valid), 100)
    model = build_model(p)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": train_dl,
        "val": valid_dl,
        "epochs": 10,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, p=0.5)


def make_fixed(seed=0):
    return make(seed, p=0.1)
