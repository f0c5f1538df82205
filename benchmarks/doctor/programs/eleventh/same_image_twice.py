"""A siamese network takes the root of a sum of squares; some pairs are one image twice.

Where the distance is exactly zero, the derivative of the root is infinite, and 0 x inf is NaN.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/pytorch/pytorch/issues/2421"
CAUSES = ("numerics",)


class SiamesePairs(Dataset):
    """Pairs of digits, and 1 where they show the same one."""

    def __init__(self, pair, count, seed):
        images, ids = pair
        self.images = images.view(-1, 1, 8, 8)
        draws = torch.Generator().manual_seed(seed)
        first = torch.randint(len(ids), (count,), generator=draws)
        second = torch.randint(len(ids), (count,), generator=draws)
        for i in range(0, count, 2):  # every other pair is of one digit
            same = (ids == ids[first[i]]).nonzero().flatten()
            second[i] = same[torch.randint(len(same), (1,), generator=draws)]
        self.first, self.second = first, second
        self.label = (ids[first] == ids[second]).float()

    def __len__(self):
        return len(self.label)

    def __getitem__(self, i):
        return (self.images[self.first[i]], self.images[self.second[i]]), self.label[i]


class SiameseNetwork(nn.Module):
    def __init__(self, eps):
        super().__init__()
        self.eps = eps
        self.cnn1 = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(), nn.Flatten(),
        )  # fmt: skip
        self.fc1 = nn.Sequential(nn.Linear(24 * 16, 48), nn.ReLU(), nn.Linear(48, 8))

    def forward_once(self, x):
        return self.fc1(self.cnn1(x))

    def forward(self, input1, input2):
        diff = self.forward_once(input1) - self.forward_once(input2)
        return torch.sqrt(torch.sum(diff**2, dim=1) + self.eps)


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=2.0):
        super().__init__()
        self.margin = margin

    def forward(self, distance, label):
        apart = torch.clamp(self.margin - distance, min=0.0)
        return torch.mean(label * distance.pow(2) + (1 - label) * apart.pow(2))


def accuracy(distance, label):
    return float(((distance < 1.0) == (label > 0.5)).float().mean())


def make(seed, eps):
    torch.manual_seed(seed)
    train, val = data.digits()
    net = SiameseNetwork(eps)
    return {
        "model": net,
        "loss_fn": ContrastiveLoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=1e-3),
        "train": DataLoader(SiamesePairs(train, 3000, 1), batch_size=64, shuffle=True),
        "val": DataLoader(SiamesePairs(val, 600, 2), batch_size=100),
        "epochs": 12,
        "metric": accuracy,
    }


def make_faulty(seed=0):
    return make(seed, eps=0.0)


def make_fixed(seed=0):
    return make(seed, eps=1e-8)
