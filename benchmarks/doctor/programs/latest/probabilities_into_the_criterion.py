"""A small VGG ends in nn.Softmax and is trained by CrossEntropyLoss: the loss stays at 2.30."""

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://discuss.pytorch.org/t/cross-entropy-loss-is-not-decreasing/43814/16"
CAUSES = ("loss_mismatch", "output_activation")

cfg = [8, "M", 16, 16, "M", 32, "M"]


def make_layers(cfg):
    layers, in_channels = [], 1
    for v in cfg:
        if v == "M":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(in_channels, v, 3, padding=1), nn.ReLU(inplace=True)]
            in_channels = v
    return nn.Sequential(*layers)


class VGG(nn.Module):
    def __init__(self, softmax):
        super().__init__()
        self.features = make_layers(cfg)
        self.classifier = nn.Sequential(
            nn.Linear(32, 64),
            nn.ReLU(True),
            nn.Linear(64, 10),
        )
        if softmax:
            self.classifier.add_module("prob", nn.Softmax(dim=1))

    def forward(self, x):
        x = self.features(x)
        x = x.view(x.size(0), -1)
        return self.classifier(x)


def make(seed, softmax):
    torch.manual_seed(seed)
    net = VGG(softmax)
    (x, y), (vx, vy) = data.digits()
    trainset = TensorDataset(x.view(-1, 1, 8, 8), y)
    testset = TensorDataset(vx.view(-1, 1, 8, 8), vy)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optim.SGD(net.parameters(), lr=0.03, momentum=0.9),
        "train": DataLoader(trainset, batch_size=32, shuffle=True),
        "val": DataLoader(testset, batch_size=150),
        "epochs": 12,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, softmax=True)


def make_fixed(seed=0):
    return make(seed, softmax=False)
