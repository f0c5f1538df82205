"""A transform subtracts and divides in place: images in memory are normalized in each epoch."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/pytorch/vision/issues/680"
CAUSES = ("bad_data", "input_scale")


class NormalizeInPlace:
    def __init__(self, mean, std):
        self.mean, self.std = mean, std

    def __call__(self, tensor):
        return tensor.sub_(self.mean).div_(self.std)


class Normalize(NormalizeInPlace):
    def __call__(self, tensor):
        return tensor.sub(self.mean).div(self.std)


class InMemory(Dataset):
    def __init__(self, pair, transform):
        self.data, self.targets = pair[0].clone(), pair[1]
        self.transform = transform

    def __getitem__(self, index):
        img, target = self.data[index], self.targets[index]
        return self.transform(img), target

    def __len__(self):
        return len(self.data)


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 5, padding=2)
        self.conv2 = nn.Conv2d(8, 16, 5)
        self.fc1 = nn.Linear(16 * 2 * 2, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = torch.relu(self.conv2(x))
        x = torch.max_pool2d(x, 2, ceil_mode=True)
        x = torch.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


def make(seed, normalize):
    torch.manual_seed(seed)
    net = LeNet()
    train, val = data.mnist(1500, side=14)
    transform = normalize(0.1307, 0.3081)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9),
        "train": DataLoader(InMemory(train, transform), batch_size=50, shuffle=True),
        "val": DataLoader(InMemory(val, transform), batch_size=125),
        "epochs": 10,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, NormalizeInPlace)


def make_fixed(seed=0):
    return make(seed, Normalize)
