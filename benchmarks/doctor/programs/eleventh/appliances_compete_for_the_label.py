"""Several appliances may run at once; the loss is CrossEntropyLoss, as for one class of many.

A softmax makes the outputs compete; which of them are on, at a threshold, it does not tell.
"""

import math

import torch
from torch import nn
from torch.utils.data import Dataset

SOURCE = "https://discuss.pytorch.org/t/using-bcewithlogisloss-for-multi-label-classification/67011"
CAUSES = ("loss_mismatch",)


class PowerReadings(Dataset):
    """Two minutes of a house's current, and 1 for each of five appliances that runs."""

    def __init__(self, count, seed):
        draws = torch.Generator().manual_seed(seed)
        t = torch.arange(60) / 60 * 2 * math.pi
        phase = torch.rand(count, 5, 1, generator=draws) * 2 * math.pi
        cycles = torch.tensor([3.0, 7.0, 5.0, 11.0, 16.0]).view(1, 5, 1)
        shape = (cycles * t + phase).sin()
        shape[:, 1] = shape[:, 1].sign()
        shape[:, 2] = shape[:, 2].abs() * 2 - 1.2
        self.on = (torch.rand(count, 5, generator=draws) < 0.4).float()
        current = (self.on[:, :, None] * shape).sum(1, keepdim=True)
        noise = torch.randn(current.shape, generator=draws)
        self.current = current + 0.25 * noise

    def __len__(self):
        return len(self.on)

    def __getitem__(self, idx):
        return self.current[idx], self.on[idx]


class Disaggregator(nn.Module):
    def __init__(self, num_classes=5):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(1, 24, 9, padding=4), nn.BatchNorm1d(24), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(24, 32, 7, padding=3), nn.BatchNorm1d(32), nn.ReLU(),
            nn.AdaptiveAvgPool1d(1), nn.Flatten(),
        )  # fmt: skip
        self.classifier = nn.Linear(32, num_classes)

    def forward(self, x):
        return self.classifier(self.features(x))


def exact_match(logits, target):
    return float(((logits > 0) == (target > 0.5)).all(dim=1).float().mean())


def make(seed, criterion):
    torch.manual_seed(seed)
    model = Disaggregator()
    return {
        "model": model,
        "loss_fn": criterion,
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": PowerReadings(2400, seed=1),
        "val": PowerReadings(600, seed=2),
        "batch_size": 48,
        "epochs": 12,
        "metric": exact_match,
    }


def make_faulty(seed=0):
    return make(seed, nn.CrossEntropyLoss())


def make_fixed(seed=0):
    return make(seed, nn.BCEWithLogitsLoss())
