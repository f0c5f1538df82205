"""Two images go through one network; the distance tells whether they show the same digit."""

import random

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

MARGIN = 1.0


class SiameseDigits(Dataset):
    """Half of the pairs are of one class. Validation pairs are the same in each epoch."""

    def __init__(self, images, labels, size, fixed=False):
        self.images, self.size = images, size
        self.places = [(labels == c).nonzero().flatten().tolist() for c in range(10)]
        rng = random.Random(7)
        self.pairs = [self.draw(i, rng) for i in range(size)] if fixed else None

    def draw(self, index, rng):
        same = index % 2
        first = rng.randrange(10)
        second = first if same else rng.choice([c for c in range(10) if c != first])
        return rng.choice(self.places[first]), rng.choice(self.places[second]), same

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        a, b, same = self.pairs[index] if self.pairs else self.draw(index, random)
        return (self.images[a], self.images[b]), torch.tensor(float(same))


class SiameseNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn1 = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(12), nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(24), nn.MaxPool2d(2),
        )  # fmt: skip
        self.fc1 = nn.Sequential(nn.Linear(24 * 9, 48), nn.ReLU(), nn.Linear(48, 16))

    def forward_once(self, x):
        return self.fc1(self.cnn1(x).flatten(1))

    def forward(self, input1, input2):
        output1, output2 = self.forward_once(input1), self.forward_once(input2)
        return F.pairwise_distance(output1, output2)


def contrastive_loss(distance, same):
    pull = same * distance.pow(2)
    push = (1 - same) * torch.clamp(MARGIN - distance, min=0.0).pow(2)
    return torch.mean(pull + push)


def accuracy(distance, same):
    return ((distance < MARGIN / 2).float() == same).float().mean().item()


def make(seed=0):
    torch.manual_seed(seed)
    random.seed(seed)
    train, val = data.mnist(1500, side=14)
    net = SiameseNetwork()
    return {
        "model": net,
        "loss_fn": contrastive_loss,
        "optimizer": torch.optim.Adam(net.parameters(), lr=1e-3),
        "train": DataLoader(SiameseDigits(*train, size=1600), batch_size=32, shuffle=True),
        "val": DataLoader(SiameseDigits(*val, size=500, fixed=True), batch_size=100),
        "epochs": 6,
        "metric": accuracy,
    }
