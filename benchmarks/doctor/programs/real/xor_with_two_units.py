"""XOR with two hidden ReLU units: with many seeds one is dead from the start."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

SOURCE = "https://juejin.cn/post/7449652882648940555"
CAUSES = ("capacity", "dead_units", "hidden_activation")


class XOR(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.fc1 = nn.Linear(2, hidden)
        self.fc2 = nn.Linear(hidden, 1)
        for m in (self.fc1, self.fc2):
            nn.init.kaiming_normal_(m.weight)
            m.bias.data.fill_(0.01)

    def forward(self, x):
        return torch.sigmoid(self.fc2(torch.relu(self.fc1(x))))


def checkerboard(count, seed):
    draws = torch.Generator().manual_seed(seed)
    x = torch.rand(count, 2, generator=draws) * 4 - 2
    y = ((x[:, :1] > 0) ^ (x[:, 1:] > 0)).float()
    return TensorDataset(x, y)


def make(seed, hidden):
    torch.manual_seed(seed)
    model = XOR(hidden)
    return {
        "model": model,
        "loss_fn": nn.BCELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=0.01),
        "train": DataLoader(checkerboard(600, 3), batch_size=30, shuffle=True),
        "val": DataLoader(checkerboard(300, 4), batch_size=100),
        "epochs": 30,
    }


def make_faulty(seed=0):
    return make(seed, hidden=2)


def make_fixed(seed=0):
    return make(seed, hidden=32)
