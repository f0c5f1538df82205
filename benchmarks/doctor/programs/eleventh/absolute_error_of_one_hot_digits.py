"""The mean absolute error of sigmoids to one-hot digits: all go to zero, as nine in ten are."""

import torch
from torch import nn
from torch.nn import functional as F

import data

SOURCE = "https://forums.fast.ai/t/help-chapter-3-full-mnist-single-layer-performs-better-than-3-layers/106412"
CAUSES = ("loss_mismatch",)


def simple_net():
    return nn.Sequential(
        nn.Linear(28 * 28, 100),
        nn.ReLU(),
        nn.Linear(100, 50),
        nn.ReLU(),
        nn.Linear(50, 10),
    )


def mnist_loss(predictions, targets):
    return (predictions.sigmoid() - targets).abs().mean()


def cross_entropy(predictions, targets):
    return F.cross_entropy(predictions, targets)


def batch_accuracy(predictions, targets):
    return (predictions.argmax(1) == targets.argmax(1)).float().mean().item()


def make(seed, loss_func):
    torch.manual_seed(seed)
    (train_x, train_y), (valid_x, valid_y) = data.mnist(5000)
    net = simple_net()
    return {
        "model": net,
        "loss_fn": loss_func,
        "optimizer": torch.optim.Adam(net.parameters(), lr=1e-3),
        "train": (train_x.view(-1, 28 * 28), F.one_hot(train_y, 10).float()),
        "val": (valid_x.view(-1, 28 * 28), F.one_hot(valid_y, 10).float()),
        "batch_size": 64,
        "epochs": 8,
        "metric": batch_accuracy,
    }


def make_faulty(seed=0):
    return make(seed, mnist_loss)


def make_fixed(seed=0):
    return make(seed, cross_entropy)
