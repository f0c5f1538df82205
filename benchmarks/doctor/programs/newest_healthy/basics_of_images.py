"""Dropout after convolutions and before the last layer, log_softmax and nll_loss, Adadelta."""

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset

import data


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, 1)
        self.conv2 = nn.Conv2d(16, 32, 3, 1)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(800, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.max_pool2d(x, 2)
        x = self.dropout1(x)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = self.dropout2(x)
        x = self.fc2(x)
        return F.log_softmax(x, dim=1)


def make(seed=0):
    torch.manual_seed(seed)
    model = Net()
    (x, y), (val_x, val_y) = data.mnist(1500, side=14)
    train = TensorDataset((x - 0.1307) / 0.3081, y)
    test = TensorDataset((val_x - 0.1307) / 0.3081, val_y)
    optimizer = optim.Adadelta(model.parameters(), lr=1.0)
    return {
        "model": model,
        "loss_fn": F.nll_loss,
        "optimizer": optimizer,
        "scheduler": StepLR(optimizer, step_size=1, gamma=0.7),
        "train": DataLoader(train, batch_size=64, shuffle=True),
        "val": DataLoader(test, batch_size=250),
        "epochs": 5,
        "metric": "accuracy",
    }
