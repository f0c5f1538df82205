"""A recipe for Adam with plain SGD in its place: digits of 7 x 7 stay blurred at 14 x 14."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/nagadomi/waifu2x/issues/35"
CAUSES = ("optimizer", "lr_low", "epochs_few")


class Pairs(Dataset):
    """Small images and the large ones they were made of."""

    def __init__(self, images):
        self.hr = images
        self.lr = F.avg_pool2d(images, 2)

    def __len__(self):
        return len(self.hr)

    def __getitem__(self, index):
        return self.lr[index], self.hr[index]


class Upscale(nn.Module):
    def __init__(self, ch=24):
        super().__init__()
        self.conv1 = nn.Conv2d(1, ch, 3, padding=1)
        self.conv2 = nn.Conv2d(ch, ch, 3, padding=1)
        self.conv3 = nn.Conv2d(ch, 4, 3, padding=1)
        self.act = nn.LeakyReLU(0.1)

    def forward(self, x):
        x = self.act(self.conv1(x))
        x = self.act(self.conv2(x))
        return F.pixel_shuffle(self.conv3(x), 2)


def make(seed, optimizer):
    torch.manual_seed(seed)
    (train_images, _), (val_images, _) = data.mnist(2000, side=14)
    model = Upscale()
    if optimizer == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), lr=0.0015)
    else:
        optimizer = torch.optim.Adam(model.parameters(), lr=0.0015)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": optimizer,
        "train": DataLoader(Pairs(train_images), batch_size=16, shuffle=True),
        "val": DataLoader(Pairs(val_images), batch_size=64),
        "epochs": 12,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, "sgd")


def make_fixed(seed=0):
    return make(seed, "adam")
