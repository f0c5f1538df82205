"""The rate is divided by ten every five steps, not epochs: after 25 batches it is zero."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/matteo-dunnhofer/imagenet/issues/10"
CAUSES = ("lr_low", "optimizer")


class AlexNet(nn.Module):
    def __init__(self, num_classes=2):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 5, padding=2)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(32)
        self.fc1 = nn.Linear(32 * 4 * 4, 64)
        self.fc2 = nn.Linear(64, num_classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        x = F.dropout(x.flatten(1), 0.2, self.training)
        return self.fc2(F.relu(self.fc1(x)))


def machines_or_animals(pair):
    images, ids = pair
    images = (images - 0.47) / 0.25
    return TensorDataset(images, ((ids > 1) & (ids < 8)).long())


def make(seed, per_step):
    torch.manual_seed(seed)
    train, val = data.cifar(1500, side=16)
    model = AlexNet()
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4
    )
    lr_scheduler = StepLR(optimizer, step_size=5, gamma=0.1)

    def train_step(model, optimizer, loss_fn, images, labels):
        optimizer.zero_grad()
        loss = loss_fn(model(images), labels)
        loss.backward()
        optimizer.step()
        if per_step:
            lr_scheduler.step()
        return loss.item()

    program = {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "train": DataLoader(machines_or_animals(train), batch_size=32, shuffle=True),
        "val": DataLoader(machines_or_animals(val), batch_size=125),
        "epochs": 8,
        "metric": "accuracy",
        "step": train_step,
    }
    if not per_step:
        program["scheduler"] = lr_scheduler
    return program


def make_faulty(seed=0):
    return make(seed, per_step=True)


def make_fixed(seed=0):
    return make(seed, per_step=False)
