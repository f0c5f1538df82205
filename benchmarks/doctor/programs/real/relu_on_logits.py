"""ReLU on the outputs of a LeNet in front of cross-entropy: the loss stays at 2.30.

The weights of the last layer become negative, and nothing brings them back.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://discuss.pytorch.org/t/cross-entropy-loss-is-not-decreasing/43814/16"
CAUSES = ("output_activation", "dead_units", "lr_high")


class Net(nn.Module):
    def __init__(self, relu_at_end):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 10)
        self.relu_at_end = relu_at_end

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(torch.flatten(x, 1)))
        x = self.fc2(x)
        return F.relu(x) if self.relu_at_end else x


def make(seed, relu_at_end):
    torch.manual_seed(seed)
    net = Net(relu_at_end)
    (x, y), (val_x, val_y) = data.mnist(1200)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=0.005),
        "train": DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True),
        "val": DataLoader(TensorDataset(val_x, val_y), batch_size=100),
        "epochs": 5,
    }


def make_faulty(seed=0):
    return make(seed, relu_at_end=True)


def make_fixed(seed=0):
    return make(seed, relu_at_end=False)
