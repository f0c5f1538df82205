"""Four questions about each digit at once: even, prime, above five, with a closed loop."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

import data

EVEN = (0, 2, 4, 6, 8)
PRIME = (2, 3, 5, 7)
ABOVE_FIVE = (6, 7, 8, 9)
WITH_A_LOOP = (0, 6, 8, 9)


def answers(ids):
    columns = [
        torch.isin(ids, torch.tensor(yes)) for yes in (EVEN, PRIME, ABOVE_FIVE, WITH_A_LOOP)
    ]
    return torch.stack(columns, dim=1).float()


class Questions(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=3, padding=1)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, kernel_size=3, padding=1)
        self.bn2 = nn.BatchNorm2d(32)
        self.shared = nn.Linear(32 * 2 * 2, 64)
        self.answers = nn.ModuleList(nn.Linear(64, 1) for _ in range(4))

    def forward(self, x):
        x = x.unflatten(1, (1, 8, 8))
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        x = F.dropout(F.relu(self.shared(x.flatten(1))), 0.2, self.training)
        return torch.cat([answer(x) for answer in self.answers], dim=1)


def all_four_right(logits, target):
    return ((logits > 0) == (target > 0.5)).all(dim=1).float().mean().item()


def make(seed=0):
    torch.manual_seed(seed)
    (x, ids), (x_val, ids_val) = data.digits()
    model = Questions()
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": DataLoader(TensorDataset(x, answers(ids)), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(x_val, answers(ids_val)), batch_size=450),
        "epochs": 15,
        "metric": all_four_right,
    }
