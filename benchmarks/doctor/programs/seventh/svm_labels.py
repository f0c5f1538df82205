"""Labels are -1 and 1, as for a support vector machine; BCEWithLogitsLoss wants 0 and 1."""

import torch
import torch.nn.functional as F
from torch import nn

import data

SOURCE = "https://techfeed.net/pt/431483/"
CAUSES = ("label_encoding", "loss_mismatch")


class EvenOrOdd(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden1 = nn.Linear(14 * 14, 64)
        self.hidden2 = nn.Linear(64, 32)
        self.output = nn.Linear(32, 1)

    def forward(self, x):
        x = x.flatten(1)
        x = F.relu(self.hidden1(x))
        x = F.relu(self.hidden2(x))
        return self.output(x).squeeze(1)


def hit_rate(scores, labels):
    return ((scores > 0) == (labels > 0)).float().mean().item()


def make(seed, negative):
    torch.manual_seed(seed)
    (x_train, digit), (x_test, digit_test) = data.mnist(3600, side=14)
    y_train = torch.where(digit % 2 == 0, 1.0, negative)
    y_test = torch.where(digit_test % 2 == 0, 1.0, negative)
    net = EvenOrOdd()
    return {
        "model": net,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=2e-3),
        "train": (x_train * 2 - 1, y_train),
        "val": (x_test * 2 - 1, y_test),
        "batch_size": 50,
        "epochs": 18,
        "metric": hit_rate,
    }


def make_faulty(seed=0):
    return make(seed, negative=-1.0)


def make_fixed(seed=0):
    return make(seed, negative=0.0)
