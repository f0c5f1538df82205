"""Transfer: a network trained on 0-4 is frozen, and a new last layer learns 5-9."""

from functools import cache

import torch
from torch import nn

import data


def chosen(pair, low):
    x, y = pair
    wanted = (y >= low) & (y < low + 5)
    return x[wanted], y[wanted] - low


class ConvNet(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(),
        )  # fmt: skip
        self.fc = nn.Linear(32 * 9, num_classes)

    def forward(self, x):
        return self.fc(self.features(x))


@cache
def pretrained():
    state = torch.random.get_rng_state()
    torch.manual_seed(99)
    model = ConvNet(5)
    x, y = chosen(data.mnist(1500, side=14)[0], 0)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(4):
        for rows in torch.randperm(len(x)).split(32):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    torch.random.set_rng_state(state)
    return {name: value.clone() for name, value in model.state_dict().items()}


def make(seed=0):
    torch.manual_seed(seed)
    model_conv = ConvNet(5)
    model_conv.load_state_dict(pretrained())
    for param in model_conv.parameters():
        param.requires_grad = False
    num_ftrs = model_conv.fc.in_features
    model_conv.fc = nn.Linear(num_ftrs, 5)
    optimizer = torch.optim.SGD(model_conv.fc.parameters(), lr=0.01, momentum=0.9)
    train, val = data.mnist(1500, side=14)
    return {
        "model": model_conv,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, step_size=3, gamma=0.1),
        "train": chosen(train, 5),
        "val": chosen(val, 5),
        "batch_size": 16,
        "epochs": 6,
        "metric": "accuracy",
    }
