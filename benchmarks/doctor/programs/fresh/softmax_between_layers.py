"""The hidden layers end in a softmax as the output layer does: their values sum up to one."""

import torch
import torch.nn as nn

import data

SOURCE = (
    "http://pullrequest.ru/11818227/neironnaya-set-odnim-skrytym-sloem-mozhet-byt-obuchena"
)
CAUSES = ("hidden_activation",)


class NN(nn.Module):
    """A network with W1, W2 and W3, as in the days of placeholders."""

    def __init__(self, activation, n=64):
        super().__init__()
        self.W1 = nn.Parameter(torch.empty(196, n).normal_(std=0.1))
        self.b1 = nn.Parameter(torch.full((n,), 0.1))
        self.W2 = nn.Parameter(torch.empty(n, n).normal_(std=0.1))
        self.b2 = nn.Parameter(torch.full((n,), 0.1))
        self.W3 = nn.Parameter(torch.empty(n, 10).normal_(std=0.1))
        self.b3 = nn.Parameter(torch.full((10,), 0.1))
        self.activation = activation

    def forward(self, x):
        out1 = self.activation(x.reshape(-1, 196) @ self.W1 + self.b1)
        out2 = self.activation(out1 @ self.W2 + self.b2)
        return out2 @ self.W3 + self.b3


def softmax(x):
    return torch.softmax(x, dim=1)


def make(seed, activation):
    torch.manual_seed(seed)
    net = NN(activation)
    train, val = data.mnist(2000, side=14)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(net.parameters(), lr=0.3),
        "train": train,
        "val": val,
        "batch_size": 50,
        "epochs": 15,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, softmax)


def make_fixed(seed=0):
    return make(seed, torch.relu)
