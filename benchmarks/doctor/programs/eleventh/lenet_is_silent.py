"""LeNet with ReLU and a large momentum step: no unit is ever above zero again, 10 % correct."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader

import data

SOURCE = "https://github.com/wy1iu/LargeMargin_Softmax_Loss/issues/22"
CAUSES = ("dead_units", "lr_high")


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, kernel_size=5, padding=2)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(2)
        self.fc3 = nn.Linear(16 * 5 * 5, 120)
        self.relu3 = nn.ReLU()
        self.fc4 = nn.Linear(120, 84)
        self.relu4 = nn.ReLU()
        self.fc5 = nn.Linear(84, 10)

    def forward(self, x):
        x = self.pool1(self.relu1(self.conv1(x)))
        x = self.pool2(self.relu2(self.conv2(x)))
        x = x.view(x.size(0), -1)
        x = self.relu3(self.fc3(x))
        x = self.relu4(self.fc4(x))
        return self.fc5(x)


def collate(batch):
    images, labels = zip(*batch, strict=True)
    return torch.stack(images), torch.tensor(labels)


def make(seed, base_lr):
    torch.manual_seed(seed)
    (images, ids), (val_images, val_ids) = data.mnist(2400)
    train = list(zip(images, ids.tolist(), strict=True))
    val = list(zip(val_images, val_ids.tolist(), strict=True))
    net = LeNet()
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(
            net.parameters(), lr=base_lr, momentum=0.9, weight_decay=0.0005
        ),
        "train": DataLoader(train, batch_size=64, shuffle=True, collate_fn=collate),
        "val": DataLoader(val, batch_size=100, collate_fn=collate),
        "epochs": 10,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, base_lr=0.5)


def make_fixed(seed=0):
    return make(seed, base_lr=0.02)
