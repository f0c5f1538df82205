"""A siamese network: distances are (batch,), labels are (batch, 1), and each meets all others.

The loss is then a mean over all couples with all labels: distances are drawn to one value.
"""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/harveyslash/Facial-Similarity-with-Siamese-Networks-in-Pytorch/issues/26"
CAUSES = ("shape_broadcast",)


class Config:
    train_batch_size = 50
    train_number_epochs = 7
    margin = 2.0


class SiameseNetworkDataset(Dataset):
    """Couples of digits, half of them of the same kind; the label is 1 where they differ."""

    def __init__(self, images, ids, count, seed):
        rng = np.random.RandomState(seed)
        by_class = [np.flatnonzero(ids.numpy() == c) for c in range(10)]
        self.couples = []
        for i in range(count):
            first = rng.randint(len(images))
            own = int(ids[first])
            kind = own if i % 2 else (own + rng.randint(1, 10)) % 10
            self.couples.append((first, rng.choice(by_class[kind]), float(kind != own)))
        self.images = images

    def __getitem__(self, index):
        a, b, label = self.couples[index]
        label = torch.from_numpy(np.array([label], dtype=np.float32))
        return (self.images[a], self.images[b]), label

    def __len__(self):
        return len(self.couples)


class SiameseNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn1 = nn.Sequential(
            nn.Conv2d(1, 8, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(8),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(16),
            nn.MaxPool2d(2, ceil_mode=True),
        )
        self.fc1 = nn.Sequential(
            nn.Linear(16 * 4 * 4, 64), nn.ReLU(inplace=True), nn.Linear(64, 8)
        )

    def forward_once(self, x):
        output = self.cnn1(x)
        return self.fc1(output.view(output.size(0), -1))

    def forward(self, input1, input2):
        return self.forward_once(input1), self.forward_once(input2)


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=Config.margin, keepdim=False):
        super().__init__()
        self.margin, self.keepdim = margin, keepdim

    def forward(self, outputs, label):
        distance = F.pairwise_distance(*outputs, keepdim=self.keepdim)
        return torch.mean(
            (1 - label) * torch.pow(distance, 2)
            + label * torch.pow(torch.clamp(self.margin - distance, min=0.0), 2)
        )


def right(outputs, label):
    differs = F.pairwise_distance(*outputs) > Config.margin / 2
    return float((differs == label[:, 0].bool()).float().mean())


def make(seed, keepdim):
    torch.manual_seed(seed)
    train, test = data.mnist(3000, 14)
    net = SiameseNetwork()
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    return {
        "model": net,
        "loss_fn": ContrastiveLoss(keepdim=keepdim),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.7),
        "train": DataLoader(
            SiameseNetworkDataset(*train, 4000, seed=1),
            shuffle=True,
            batch_size=Config.train_batch_size,
        ),
        "val": DataLoader(SiameseNetworkDataset(*test, 600, seed=2), batch_size=100),
        "epochs": Config.train_number_epochs,
        "metric": right,
    }


def make_faulty(seed=0):
    return make(seed, keepdim=False)


def make_fixed(seed=0):
    return make(seed, keepdim=True)
