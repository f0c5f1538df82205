"""Softmax at the end of a model that is trained with nn.CrossEntropyLoss."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/shaoxiongji/federated-learning/issues/9"
CAUSES = ("loss_mismatch", "output_activation")


class MLP(nn.Module):
    def __init__(self, dim_in, dim_hidden, dim_out):
        super().__init__()
        self.layer_input = nn.Linear(dim_in, dim_hidden)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(0.1)
        self.layer_hidden = nn.Linear(dim_hidden, dim_out)

    def forward(self, x):
        x = x.view(-1, x.shape[1] * x.shape[-2] * x.shape[-1])
        x = self.layer_input(x)
        x = self.dropout(x)
        x = self.relu(x)
        return self.layer_hidden(x)


class MLPWithSoftmax(MLP):
    def forward(self, x):
        return torch.softmax(super().forward(x), dim=1)


def make(seed, kind):
    torch.manual_seed(seed)
    net = kind(784, 64, 10)
    train, val = data.mnist(2000)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.5),
        "train": train,
        "val": val,
        "batch_size": 10,
        "epochs": 4,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, MLPWithSoftmax)


def make_fixed(seed=0):
    return make(seed, MLP)
