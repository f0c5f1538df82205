"""The network ends in a sigmoid, and the metric takes a sigmoid again: every answer is yes.

Training goes well; the accuracy is the share of positives from the first epoch to the last.
"""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/nmi-lab/decolle-public/issues/16"
CAUSES = ("metric",)


class Net(nn.Module):
    """Is the digit in the picture one with a closed loop (0, 6, 8 or 9)?"""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, kernel_size=5, padding=2),
            nn.ReLU(),
            nn.AvgPool2d(2),
            nn.Conv2d(8, 16, kernel_size=5, padding=2),
            nn.ReLU(),
            nn.AvgPool2d(2, ceil_mode=True),
        )
        self.readout = nn.Linear(16 * 4 * 4, 1)

    def forward(self, x):
        u = self.readout(self.features(x).flatten(start_dim=1))
        return torch.sigmoid(u)


def with_loops(pair):
    images, digits = pair
    loops = torch.isin(digits, torch.tensor([0, 6, 8, 9])).float().unsqueeze(1)
    return TensorDataset((images - 0.13) / 0.31, loops)


def accuracy_of_logits(r_out, labels):
    return ((torch.sigmoid(r_out) > 0.5) == (labels > 0.5)).float().mean().item()


def accuracy_of_probabilities(r_out, labels):
    return ((r_out > 0.5) == (labels > 0.5)).float().mean().item()


def build(seed, metric):
    torch.manual_seed(seed)
    train, test = data.mnist(2500, side=14)
    net = Net()
    return {
        "model": net,
        "loss_fn": nn.BCELoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=3e-3, betas=(0.9, 0.95)),
        "train": DataLoader(with_loops(train), batch_size=50, shuffle=True),
        "val": DataLoader(with_loops(test), batch_size=100),
        "epochs": 10,
        "metric": metric,
    }


def make_faulty(seed=0):
    return build(seed, accuracy_of_logits)


def make_fixed(seed=0):
    return build(seed, accuracy_of_probabilities)
