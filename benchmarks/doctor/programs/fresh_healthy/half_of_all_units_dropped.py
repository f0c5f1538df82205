"""Half of the units are dropped, so the loss of training stays far above that of validation."""

import torch
import torch.nn.functional as F
from torch import nn

import data


class Dropped(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(196, 160)
        self.fc2 = nn.Linear(160, 160)
        self.fc3 = nn.Linear(160, 10)

    def forward(self, x):
        x = F.dropout(x.flatten(1), 0.2, self.training)
        x = F.dropout(F.relu(self.fc1(x)), 0.5, self.training)
        x = F.dropout(F.relu(self.fc2(x)), 0.5, self.training)
        return F.log_softmax(self.fc3(x), dim=-1)


def make(seed=0):
    torch.manual_seed(seed)
    model = Dropped()
    train, val = data.mnist(1500, side=14)
    return {
        "model": model,
        "loss_fn": F.nll_loss,
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 12,
        "metric": "accuracy",
    }
