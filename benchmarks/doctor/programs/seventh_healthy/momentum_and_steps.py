"""Frogs, horses, ships and trucks: SGD with momentum, and a tenth of the rate at last."""

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset

import data

CLASSES = (6, 7, 8, 9)
MEAN = torch.tensor([0.49, 0.48, 0.45]).view(3, 1, 1)
STD = torch.tensor([0.25, 0.25, 0.26]).view(3, 1, 1)


class Photos(Dataset):
    def __init__(self, pair, augment):
        images, ids = pair
        keep = torch.isin(ids, torch.tensor(CLASSES))
        self.images, self.labels = images[keep], ids[keep] - CLASSES[0]
        self.augment = augment

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        image = (self.images[i] - MEAN) / STD
        if self.augment:
            if torch.rand(()) < 0.5:
                image = image.flip(2)
            r, c = torch.randint(0, 5, (2,)).tolist()
            image = F.pad(image, (2, 2, 2, 2))[:, r : r + 16, c : c + 16]
        return image, self.labels[i]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 24, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(24)
        self.conv2 = nn.Conv2d(24, 48, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(48)
        self.conv3 = nn.Conv2d(48, 64, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(64)
        self.drop = nn.Dropout(0.2)
        self.fc = nn.Linear(64, len(CLASSES))

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        x = F.relu(self.bn3(self.conv3(x))).mean(dim=(2, 3))
        return self.fc(self.drop(x))


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.cifar(3000, side=16)
    net = Net()
    sgd = optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": sgd,
        "scheduler": optim.lr_scheduler.StepLR(sgd, step_size=10, gamma=0.1),
        "train": DataLoader(Photos(train, augment=True), 32, shuffle=True),
        "val": DataLoader(Photos(val, augment=False), 128),
        "epochs": 14,
        "metric": "accuracy",
    }
