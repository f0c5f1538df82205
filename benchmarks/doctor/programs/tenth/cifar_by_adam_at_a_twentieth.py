"""A rate as for plain SGD is given to Adam: a convolutional network jumps and is stuck."""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/keras-team/keras/issues/4066"
CAUSES = ("lr_high",)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 12, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(12, 24, 3)
        self.fc1 = nn.Linear(24 * 2 * 2, 60)
        self.fc2 = nn.Linear(60, 4)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


classes = ("car", "frog", "horse", "ship")
cifar_ids = (1, 6, 7, 8)


def get_loader(pair, batch_size, shuffle):
    images, ids = pair
    xs, ys = [], []
    for label, cifar_id in enumerate(cifar_ids):
        chosen = images[ids == cifar_id]
        xs.append((chosen - 0.5) / 0.5)
        ys.append(torch.full((len(chosen),), label))
    dataset = TensorDataset(torch.cat(xs), torch.cat(ys))
    return DataLoader(dataset, batch_size=batch_size, shuffle=shuffle)


def make(seed, lr):
    torch.manual_seed(seed)
    train, val = data.cifar(3000, side=16)
    net = Net()
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optim.Adam(net.parameters(), lr=lr),
        "train": get_loader(train, 32, shuffle=True),
        "val": get_loader(val, 128, shuffle=False),
        "epochs": 16,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, lr=0.05)


def make_fixed(seed=0):
    return make(seed, lr=0.001)
