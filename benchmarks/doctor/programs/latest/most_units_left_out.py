"""A dropout of 0.85, "just an arbitrary value", after each of three hidden layers."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/AFAgarap/malware-classification/issues/37"
CAUSES = ("regularization",)


class DNN(nn.Module):
    def __init__(self, num_features, num_classes, num_nodes=(64, 64, 32), dropout_rate=0.5):
        super().__init__()
        layers = []
        for nodes in num_nodes:
            layers.append(nn.Linear(num_features, nodes))
            layers.append(nn.LeakyReLU())
            layers.append(nn.Dropout(dropout_rate))
            num_features = nodes
        self.hidden = nn.Sequential(*layers)
        self.output = nn.Linear(num_features, num_classes)

    def forward(self, features):
        return self.output(self.hidden(features))


def make(seed, dropout_rate):
    torch.manual_seed(seed)
    (x, y), (val_x, val_y) = data.digits()
    mean, std = x.mean(), x.std()
    model = DNN(64, 10, dropout_rate=dropout_rate)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": DataLoader(TensorDataset((x - mean) / std, y), 32, shuffle=True),
        "val": DataLoader(TensorDataset((val_x - mean) / std, val_y), 150),
        "epochs": 15,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, dropout_rate=0.85)


def make_fixed(seed=0):
    return make(seed, dropout_rate=0.15)
