"""Adam at twenty times its default rate: after a few steps one answer for all photographs."""

import torch
from torch.nn import (
    Conv2d,
    CrossEntropyLoss,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
)

import data

SOURCE = "https://github.com/keras-team/keras/issues/4066"
CAUSES = ("lr_high", "dead_units")

ANIMALS = (2, 3, 4, 5, 6, 7)


def cifar10_cnn():
    model = Sequential()
    model.append(Conv2d(3, 32, 3, padding="same"))
    model.append(ReLU())
    model.append(Conv2d(32, 32, 3))
    model.append(ReLU())
    model.append(MaxPool2d(2))
    model.append(Dropout(0.25))
    model.append(Conv2d(32, 48, 3, padding="same"))
    model.append(ReLU())
    model.append(MaxPool2d(2))
    model.append(Dropout(0.25))
    model.append(Flatten())
    model.append(Linear(48 * 3 * 3, 128))
    model.append(ReLU())
    model.append(Dropout(0.5))
    model.append(Linear(128, 2))
    return model


def animal_or_vehicle(pair):
    x, y = pair
    is_animal = torch.isin(y, torch.tensor(ANIMALS)).long()
    return (x - 0.47) / 0.25, is_animal


def make(seed, lr):
    torch.manual_seed(seed)
    train, test = data.cifar(2400, side=16)
    model = cifar10_cnn()
    return {
        "model": model,
        "loss_fn": CrossEntropyLoss(weight=torch.tensor([1.2, 0.8])),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": animal_or_vehicle(train),
        "val": animal_or_vehicle(test),
        "batch_size": 32,
        "epochs": 9,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, lr=0.02)


def make_fixed(seed=0):
    return make(seed, lr=0.001)
