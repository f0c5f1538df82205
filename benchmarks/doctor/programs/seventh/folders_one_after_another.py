"""Batch norm keeps no running statistics, and at validation one class comes after another."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/xu-ji/IIC/issues/49"
CAUSES = ("normalization", "train_eval_mode")


class VGGTrunk(nn.Module):
    cfg = ((12, 1), ("M", None), (24, 1), ("M", None), (32, 1))

    def __init__(self, batchnorm_track):
        super().__init__()
        self.batchnorm_track = batchnorm_track
        layers, in_channels = [], 1
        for out, pad in self.cfg:
            if out == "M":
                layers += [nn.MaxPool2d(kernel_size=2, stride=2)]
                continue
            layers += [
                nn.Conv2d(in_channels, out, 3, padding=pad, bias=False),
                nn.BatchNorm2d(out, track_running_stats=self.batchnorm_track),
                nn.ReLU(inplace=True),
            ]
            in_channels = out
        self.features = nn.Sequential(*layers)

    def forward(self, x):
        return self.features(x).flatten(1)


class VGGNet(nn.Module):
    def __init__(self, batchnorm_track):
        super().__init__()
        self.trunk = VGGTrunk(batchnorm_track)
        self.head = nn.Sequential(
            nn.Linear(32 * 9, 64),
            nn.BatchNorm1d(64, track_running_stats=batchnorm_track),
            nn.ReLU(),
            nn.Linear(64, 10),
        )

    def forward(self, x):
        return self.head(self.trunk(x))


def by_folder(pair):
    images, ids = pair
    order = ids.argsort(stable=True)
    return TensorDataset(images[order], ids[order])


def make(seed, batchnorm_track):
    torch.manual_seed(seed)
    train, val = data.mnist(1800, side=14)
    net = VGGNet(batchnorm_track)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=2e-3),
        "train": DataLoader(by_folder(train), 32, shuffle=True, drop_last=True),
        "val": DataLoader(by_folder(val), 40),
        "epochs": 6,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, batchnorm_track=False)


def make_fixed(seed=0):
    return make(seed, batchnorm_track=True)
