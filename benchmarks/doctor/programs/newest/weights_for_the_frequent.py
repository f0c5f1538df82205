"""Class weights from the formula of a paper give most to the class with most of the pixels.

It is one over the logarithm of the inverse frequency, which grows with the frequency.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/PRBonn/lidar-bonnetal/issues/48"
CAUSES = ("class_imbalance", "loss_mismatch")


def scans(count=280, side=16):
    """Return images of a road, a house and a small person, with noise, and all pixels' ids."""
    draws = torch.Generator().manual_seed(31)
    labels = torch.zeros(count, side, side, dtype=torch.long)
    for i in range(count):
        top, left = torch.randint(0, side - 7, (2,), generator=draws).tolist()
        labels[i, top : top + 7, left : left + 7] = 1
        top, left = torch.randint(0, side - 2, (2,), generator=draws).tolist()
        labels[i, top : top + 2, left : left + 2] = 2
    heights = torch.tensor([0.0, 1.0, 2.0])[labels]
    ranges = heights + 0.75 * torch.randn(labels.shape, generator=draws)
    return ranges.unsqueeze(1), labels


def mean_recall(logits, labels):
    pred = logits.argmax(1)
    found = [(pred[labels == c] == c).float().mean() for c in range(3)]
    return float(sum(found) / 3)


def make(seed, weigh):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.LeakyReLU(0.1),
        nn.Conv2d(16, 16, 3, padding=1),
        nn.LeakyReLU(0.1),
        nn.Conv2d(16, 3, 3, padding=1),
    )
    train, val = data.split(*scans())
    content = torch.bincount(train[1].flatten(), minlength=3) / train[1].numel()
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(weight=weigh(content)),
        "optimizer": torch.optim.Adam(net.parameters(), lr=5e-3),
        "train": DataLoader(TensorDataset(*train), batch_size=10, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=70),
        "epochs": 12,
        "metric": mean_recall,
    }


def make_faulty(seed=0):
    return make(seed, lambda content: 1 / torch.log(1 / content + 1e-3))


def make_fixed(seed=0):
    return make(seed, lambda content: 1 / (content + 1e-3))
