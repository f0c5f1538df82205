"""A little ResNet for planes, cars and frogs: flips, momentum, decay, cosine, smoothing."""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, Dataset

import data

CLASSES = [0, 1, 6]
MEAN = torch.tensor([0.4914, 0.4822, 0.4465]).view(3, 1, 1)
STD = torch.tensor([0.2470, 0.2435, 0.2616]).view(3, 1, 1)


class Cifar3(Dataset):
    def __init__(self, pair, train):
        images, ids = pair
        keep = torch.isin(ids, torch.tensor(CLASSES))
        self.images, self.ids, self.train = images[keep], ids[keep].tolist(), train

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, i):
        img = (self.images[i] - MEAN) / STD
        if self.train and torch.rand(()) < 0.5:
            img = torch.flip(img, dims=[2])
        return img, CLASSES.index(self.ids[i])


class BasicBlock(nn.Module):
    def __init__(self, in_planes, planes, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride=1, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_planes != planes:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_planes, planes, 1, stride=stride, bias=False),
                nn.BatchNorm2d(planes),
            )

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return F.relu(out)


class ResNet(nn.Module):
    def __init__(self, num_classes=3):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = BasicBlock(16, 16)
        self.layer2 = BasicBlock(16, 32, stride=2)
        self.layer3 = BasicBlock(32, 48, stride=2)
        self.linear = nn.Linear(48, num_classes)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.layer3(self.layer2(self.layer1(out)))
        out = F.adaptive_avg_pool2d(out, 1)
        return self.linear(out.view(out.size(0), -1))


def make(seed=0):
    torch.manual_seed(seed)
    train, test = data.cifar(3000, side=16)
    net = ResNet()
    optimizer = optim.SGD(
        net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4, nesterov=True
    )
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(label_smoothing=0.1),
        "optimizer": optimizer,
        "scheduler": optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=8),
        "train": DataLoader(Cifar3(train, True), batch_size=32, shuffle=True),
        "val": DataLoader(Cifar3(test, False), batch_size=100),
        "epochs": 8,
        "metric": "accuracy",
    }
