"""SGD without momentum at a learning rate of 0.0001: the loss hardly moves."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim

import data

SOURCE = "https://discuss.pytorch.org/t/loss-not-converging-on-a-binary-classification-problem/177433"
CAUSES = ("lr_low", "optimizer")


class CustomModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(30, 60)
        self.fc2 = nn.Linear(60, 100)
        self.fc3 = nn.Linear(100, 30)
        self.fc4 = nn.Linear(30, 2)
        self.apply(self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            torch.nn.init.xavier_uniform_(module.weight.data)
            torch.nn.init.constant_(module.bias.data, 0)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        x = F.relu(self.fc3(x))
        return self.fc4(x)


def make(seed, lr):
    torch.manual_seed(seed)
    model = CustomModel()
    (x, y), (val_x, val_y) = data.table("breast_cancer", is_standardized=False)
    low, high = x.min(0).values, x.max(0).values
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optim.SGD(model.parameters(), lr=lr),
        "train": ((x - low) / (high - low), y),
        "val": ((val_x - low) / (high - low), val_y),
        "batch_size": 16,
        "epochs": 20,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, lr=0.0001)


def make_fixed(seed=0):
    return make(seed, lr=0.05)
