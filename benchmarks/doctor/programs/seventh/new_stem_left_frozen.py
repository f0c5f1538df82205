"""The stem is new, for one channel instead of three, but only the head is set to be trained."""

import re
from functools import cache

import torch
import torch.nn as nn
import torch.nn.functional as F

import data

SOURCE = "https://github.com/matterport/Mask_RCNN/issues/2409"
CAUSES = ("frozen_parameters",)

LAYERS = {
    "heads": r"head\..*",
    "conv1+heads": r"(conv1\..*)|(bn1\..*)|(head\..*)",
}


class Net(nn.Module):
    def __init__(self, in_channels, n_classes):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 12, 5, padding=2)
        self.bn1 = nn.BatchNorm2d(12)
        self.res2 = nn.Conv2d(12, 24, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(24)
        self.res3 = nn.Conv2d(24, 24, 3, padding=1)
        self.bn3 = nn.BatchNorm2d(24)
        self.head = nn.Linear(24 * 4, n_classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.res2(x))), 2)
        x = F.relu(self.bn3(self.res3(x)))
        return self.head(F.adaptive_avg_pool2d(x, 2).flatten(1))


def in_color(images, draws):
    """Digits as they come from a camera: a color in front of another one."""
    front = torch.rand(len(images), 3, 1, 1, generator=draws) * 0.4 + 0.6
    back = torch.rand(len(images), 3, 1, 1, generator=draws) * 0.4
    return images * front + (1 - images) * back - 0.4


@cache
def coco_weights():
    """Weights from colored digits; the new task gets the gray ones."""
    (images, labels), _ = data.mnist(1200, side=14)
    with torch.random.fork_rng():
        torch.manual_seed(99)
        net = Net(3, 10)
        optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
        draws = torch.Generator().manual_seed(5)
        for _ in range(8):
            for rows in torch.randperm(len(images), generator=draws).split(32):
                optimizer.zero_grad()
                x = in_color(images[rows], draws)
                F.cross_entropy(net(x), labels[rows]).backward()
                optimizer.step()
    return net.state_dict()


def gray(pair):
    images, labels = pair
    return (images - 0.13) / 0.31, labels


def make(seed, layers):
    torch.manual_seed(seed)
    model = Net(in_channels=1, n_classes=10)
    weights = coco_weights()
    exclude = re.compile(r"conv1\..*|bn1\..*|head\..*")
    kept = {k: v for k, v in weights.items() if not exclude.match(k)}
    model.load_state_dict(kept, strict=False)

    for name, parameter in model.named_parameters():
        parameter.requires_grad = bool(re.fullmatch(LAYERS[layers], name))
    trainable = [p for p in model.parameters() if p.requires_grad]

    train, val = data.mnist(2000, side=14)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(trainable, lr=5e-3),
        "train": gray(train),
        "val": gray(val),
        "batch_size": 32,
        "epochs": 14,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, "heads")


def make_fixed(seed=0):
    return make(seed, "conv1+heads")
