"""Three hundred labeled digits only: small shifts and turns, batch norm, dropout, one cycle."""

import math
import random

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data


class FewDigits(Dataset):
    def __init__(self, images, labels, train):
        self.images, self.labels, self.train = images, labels, train

    def __len__(self):
        return len(self.labels)

    def random_affine(self, image):
        angle = math.radians(random.uniform(-12, 12))
        scale = random.uniform(0.9, 1.1)
        cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
        dx, dy = random.uniform(-0.15, 0.15), random.uniform(-0.15, 0.15)
        theta = torch.tensor([[[cos, -sin, dx], [sin, cos, dy]]])
        grid = F.affine_grid(theta, (1, 1, 14, 14), align_corners=False)
        return F.grid_sample(image[None], grid, align_corners=False)[0]

    def __getitem__(self, index):
        image = self.images[index]
        if self.train:
            image = self.random_affine(image)
        return (image - 0.13) / 0.29, self.labels[index]


def conv_block(n_in, n_out):
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()
    )


def make(seed=0):
    torch.manual_seed(seed)
    random.seed(seed)
    (x, y), (vx, vy) = data.mnist(1500, side=14)
    model = nn.Sequential(
        conv_block(1, 16), nn.MaxPool2d(2), conv_block(16, 32), nn.MaxPool2d(2),
        nn.Dropout2d(0.1), nn.Flatten(), nn.Dropout(0.3), nn.Linear(32 * 9, 10),
    )  # fmt: skip
    epochs, batch_size = 25, 20
    optimizer = torch.optim.Adam(model.parameters())
    one_cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=5e-3, epochs=epochs, steps_per_epoch=300 // batch_size
    )

    def step(model, optimizer, loss_fn, xb, yb):
        loss = loss_fn(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if one_cycle.last_epoch < one_cycle.total_steps - 1:
            one_cycle.step()
        return loss.item()

    few = FewDigits(x[:300], y[:300], train=True)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "train": DataLoader(few, batch_size=batch_size, shuffle=True),
        "val": DataLoader(FewDigits(vx, vy, train=False), batch_size=125),
        "epochs": epochs,
        "metric": "accuracy",
        "step": step,
    }
