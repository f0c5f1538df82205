"""Which of three cultivars a wine is from, by thirteen columns, a small MLP and NLLLoss."""

import torch
import torch.nn.functional as F
from torch import nn, optim

import data


class WineNet(nn.Module):
    def __init__(self, n_features=13, n_hidden=16, n_classes=3):
        super().__init__()
        self.fc1 = nn.Linear(n_features, n_hidden)
        self.fc2 = nn.Linear(n_hidden, n_hidden)
        self.fc3 = nn.Linear(n_hidden, n_classes)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return F.log_softmax(self.fc3(x), dim=1)


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.table("wine")
    model = WineNet()
    return {
        "model": model,
        "loss_fn": nn.NLLLoss(),
        "optimizer": optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-3),
        "train": train,
        "val": val,
        "batch_size": 16,
        "epochs": 30,
        "metric": "accuracy",
    }
