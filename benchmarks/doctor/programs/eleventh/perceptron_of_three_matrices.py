"""A "multilayer perceptron" without an activation: three matrices that are one."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/aymericdamien/TensorFlow-Examples/issues/270"
CAUSES = ("hidden_activation", "capacity")

n_hidden_1 = 64
n_hidden_2 = 64
num_input = 2
num_classes = 3


class MultilayerPerceptron(nn.Module):
    def __init__(self, activation=None):
        super().__init__()
        self.h1 = nn.Parameter(torch.randn(num_input, n_hidden_1) / num_input**0.5)
        self.h2 = nn.Parameter(torch.randn(n_hidden_1, n_hidden_2) / n_hidden_1**0.5)
        self.out = nn.Parameter(torch.randn(n_hidden_2, num_classes) / n_hidden_2**0.5)
        self.b1 = nn.Parameter(torch.zeros(n_hidden_1))
        self.b2 = nn.Parameter(torch.zeros(n_hidden_2))
        self.b3 = nn.Parameter(torch.zeros(num_classes))
        self.activation = activation

    def forward(self, x):
        layer_1 = torch.add(torch.matmul(x, self.h1), self.b1)
        if self.activation is not None:
            layer_1 = self.activation(layer_1)
        layer_2 = torch.add(torch.matmul(layer_1, self.h2), self.b2)
        if self.activation is not None:
            layer_2 = self.activation(layer_2)
        return torch.matmul(layer_2, self.out) + self.b3


def make(seed, activation):
    torch.manual_seed(seed)
    train, val = data.spirals(1200, turns=1.0)
    logits = MultilayerPerceptron(activation)
    return {
        "model": logits,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(logits.parameters(), lr=0.005),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 50,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, None)


def make_fixed(seed=0):
    return make(seed, torch.relu)
