"""A small LeNet for color images, scaled to -1..1, with random flips and shifts."""

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset

import data


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 12, 3)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(12, 24, 3)
        self.fc1 = nn.Linear(24 * 2 * 2, 48)
        self.fc2 = nn.Linear(48, 2)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


class AnimalOrMachine(Dataset):
    def __init__(self, pair, augment):
        self.x = (pair[0] - 0.5) / 0.5
        self.y = ((pair[1] > 1) & (pair[1] < 8)).long()
        self.augment = augment

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        x = self.x[i]
        if self.augment:
            if torch.rand(1) < 0.5:
                x = x.flip(-1)
            top, left = torch.randint(0, 3, (2,)).tolist()
            x = F.pad(x, (1, 1, 1, 1))[:, top : top + 16, left : left + 16]
        return x, self.y[i]


def make(seed=0):
    torch.manual_seed(seed)
    net = Net()
    train, test = data.cifar(1500, side=16)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optim.SGD(net.parameters(), lr=0.02, momentum=0.9),
        "train": DataLoader(AnimalOrMachine(train, True), batch_size=32, shuffle=True),
        "val": DataLoader(AnimalOrMachine(test, False), batch_size=100),
        "epochs": 8,
        "metric": "accuracy",
    }
