"""MultiLabelSoftMarginLoss on the output of a softmax, where several labels hold at a time.

A sigmoid of a probability is never below one half, and all of them sum up to one.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/YapengTian/AVE-ECCV18/issues/15"
CAUSES = ("output_activation", "loss_mismatch")


class Posters(Dataset):
    """Three handwritten digits side by side, and which of the ten are among them."""

    def __init__(self, pair, count, seed):
        digits, ids = pair
        g = torch.Generator().manual_seed(seed)
        self.picks = torch.randint(len(digits), (count, 3), generator=g)
        self.digits, self.ids = digits.view(-1, 8, 8), ids

    def __len__(self):
        return len(self.picks)

    def __getitem__(self, i):
        rows = self.picks[i]
        labels = F.one_hot(self.ids[rows], 10).amax(0).float()
        return torch.cat(list(self.digits[rows]), dim=1)[None], labels


class Tagger(nn.Module):
    def __init__(self, last):
        super().__init__()
        self.conv = nn.Conv2d(1, 24, 4)
        self.fc = nn.Linear(24 * 2 * 10, 96)
        self.out = nn.Linear(96, 10)
        self.last = last

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x)), 2)
        x = F.relu(self.fc(x.flatten(1)))
        return self.last(self.out(x))


def label_accuracy(scores, labels):
    predicted = torch.sigmoid(scores) > 0.5
    return float((predicted == labels.bool()).float().mean())


def make(seed, last):
    torch.manual_seed(seed)
    model = Tagger(last)
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.MultiLabelSoftMarginLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": DataLoader(Posters(train, 2000, 1), batch_size=32, shuffle=True),
        "val": DataLoader(Posters(val, 400, 2), batch_size=100),
        "epochs": 8,
        "metric": label_accuracy,
    }


def make_faulty(seed=0):
    return make(seed, nn.Softmax(dim=1))


def make_fixed(seed=0):
    return make(seed, nn.Identity())
