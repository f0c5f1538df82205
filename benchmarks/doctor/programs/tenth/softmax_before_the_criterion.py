"""The network ends in nn.Softmax, as in Keras, and nn.CrossEntropyLoss takes it again."""

import torch
from torch import nn

import data

SOURCE = "https://discuss.pytorch.org/t/cross-entropy-loss-is-not-decreasing/43814/16"
CAUSES = ("loss_mismatch", "output_activation")


def conv_block(channels_in, channels_out):
    return [
        nn.Conv2d(channels_in, channels_out, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
    ]


def build(activation):
    layers = conv_block(1, 12) + conv_block(12, 24)
    layers += [nn.Flatten(), nn.Linear(24 * 3 * 3, 64), nn.ReLU(), nn.Dropout(0.2)]
    layers += [nn.Linear(64, 10)]
    if activation == "softmax":
        layers += [nn.Softmax(dim=1)]
    return nn.Sequential(*layers)


def load(pair):
    images, ids = pair
    return (images - 0.13) / 0.3, ids


def make(seed, activation):
    torch.manual_seed(seed)
    train, val = data.mnist(3000, side=14)
    net = build(activation)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(net.parameters(), lr=0.05),
        "train": load(train),
        "val": load(val),
        "batch_size": 64,
        "epochs": 20,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, activation="softmax")


def make_fixed(seed=0):
    return make(seed, activation=None)
