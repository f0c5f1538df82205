"""Nine sigmoid layers: the loss sits on a plateau because gradients vanish on the way."""

import torch
from torch import nn

import data

SOURCE = "https://discuss.pytorch.org/t/simple-linear-sigmoid-network-not-learning/98714"
CAUSES = ("hidden_activation", "vanishing_gradient", "saturation")


def make(seed, activation):
    torch.manual_seed(seed)
    layers = []
    for n_in, n_out in zip([2] + [24] * 8, [24] * 9, strict=True):
        layers += [nn.Linear(n_in, n_out), activation()]
    model = nn.Sequential(*layers, nn.Linear(24, 3))
    train, val = data.spirals()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3),
        "train": train,
        "val": val,
        "batch_size": 25,
        "epochs": 60,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, nn.Sigmoid)


def make_fixed(seed=0):
    return make(seed, nn.ReLU)
