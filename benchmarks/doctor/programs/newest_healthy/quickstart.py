"""The network of a quickstart: three linear layers on flat images, SGD without momentum."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


class NeuralNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(
            nn.Linear(14 * 14, 128),
            nn.ReLU(),
            nn.Linear(128, 128),
            nn.ReLU(),
            nn.Linear(128, 10),
        )

    def forward(self, x):
        return self.linear_relu_stack(self.flatten(x))


def make(seed=0):
    torch.manual_seed(seed)
    model = NeuralNetwork()
    train, val = data.mnist(2000, side=14)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.1),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=64),
        "epochs": 12,
        "metric": "accuracy",
    }
