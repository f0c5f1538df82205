"""A VGG without normalization draws all weights from N(0, 0.01): signals die on their way."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/NVIDIA/DIGITS/issues/535"
CAUSES = ("init", "vanishing_gradient")

CFG = [16, 16, "M", 32, 32, "M", 48, 48, 48]


def weight_filler(kind):
    def fill(m):
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            if kind == "gaussian":
                nn.init.normal_(m.weight, std=0.01)
            else:
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
            nn.init.zeros_(m.bias)

    return fill


class VGG(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        layers, channels = [], 1
        for v in CFG:
            if v == "M":
                layers.append(nn.MaxPool2d(2))
            else:
                layers += [nn.Conv2d(channels, v, 3, padding=1), nn.ReLU(inplace=True)]
                channels = v
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(channels * 9, 64),
            nn.ReLU(inplace=True),
            nn.Dropout(0.2),
            nn.Linear(64, num_classes),
        )

    def forward(self, x):
        return self.classifier(self.features(x))


def make(seed, filler):
    torch.manual_seed(seed)
    train, val = data.mnist(2000, side=14)
    net = VGG()
    net.apply(weight_filler(filler))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=100),
        "epochs": 8,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, "gaussian")


def make_fixed(seed=0):
    return make(seed, "msra")
