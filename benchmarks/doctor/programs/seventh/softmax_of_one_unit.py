"""The last layer has one unit and a softmax over it: the probability is 1, whatever comes."""

import torch
from torch import nn

import data

SOURCE = "https://geek-questions.imtqy.com/articles/1270335/index.html"
CAUSES = ("output_activation",)


def spectra_of_digits():
    """Rows of a digit as steps of a sequence of 8 channels; is the digit larger than four?"""
    (x, y), (x_val, y_val) = data.digits()

    def prepare(x, y):
        x = (x.reshape(-1, 8, 8) - 0.3) / 0.38
        return x, (y > 4).float().unsqueeze(1)

    return prepare(x, y), prepare(x_val, y_val)


def build(last):
    model = nn.Sequential()
    model.add_module("conv1", nn.Conv1d(8, 32, 3, padding="same"))
    model.add_module("bn1", nn.BatchNorm1d(32))
    model.add_module("act1", nn.LeakyReLU())
    model.add_module("dropout", nn.Dropout(0.2))
    model.add_module("conv2", nn.Conv1d(32, 16, 3, padding="same"))
    model.add_module("bn2", nn.BatchNorm1d(16))
    model.add_module("act2", nn.LeakyReLU())
    model.add_module("flatten", nn.Flatten())
    model.add_module("dense1", nn.Linear(16 * 8, 64))
    model.add_module("act3", nn.LeakyReLU())
    model.add_module("dense2", nn.Linear(64, 1))
    model.add_module("last", last)
    return model


def binary_accuracy(y_pred, y_true):
    return ((y_pred > 0.5).float() == y_true).float().mean().item()


def make(seed, last):
    torch.manual_seed(seed)
    train, val = spectra_of_digits()
    model = build(last)
    return {
        "model": model,
        "loss_fn": nn.BCELoss(),
        "optimizer": torch.optim.Adam(model.parameters()),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 12,
        "metric": binary_accuracy,
    }


def make_faulty(seed=0):
    return make(seed, nn.Softmax(dim=1))


def make_fixed(seed=0):
    return make(seed, nn.Sigmoid())
