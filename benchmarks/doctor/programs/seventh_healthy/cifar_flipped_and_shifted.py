"""Vehicles and animals of CIFAR-10, flipped and shifted by the data set as they are read."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

import data

MEAN, STD = (0.491, 0.482, 0.447), (0.247, 0.243, 0.262)
VEHICLES = {0, 1, 8, 9}


class Compose:
    def __init__(self, *transforms):
        self.transforms = transforms

    def __call__(self, image):
        for transform in self.transforms:
            image = transform(image)
        return image


def random_flip(image):
    return image.flip(-1) if torch.rand(()) < 0.5 else image


def random_shift(image, padding=2):
    padded = nn.functional.pad(image[None], [padding] * 4, mode="reflect")[0]
    top, left = torch.randint(0, 2 * padding + 1, (2,)).tolist()
    side = image.size(-1)
    return padded[:, top : top + side, left : left + side]


def normalize(image):
    return (image - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


class CIFAR(Dataset):
    def __init__(self, pair, transform):
        self.images, ids = pair
        self.targets = [int(i not in VEHICLES) for i in ids.tolist()]
        self.transform = transform

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, index):
        return self.transform(self.images[index]), self.targets[index]


def block(n_in, n_out):
    return [
        nn.Conv2d(n_in, n_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(inplace=True),
    ]


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.cifar(2000, side=16)
    trainset = CIFAR(train, Compose(random_flip, random_shift, normalize))
    testset = CIFAR(val, normalize)
    net = nn.Sequential(
        *block(3, 16), nn.MaxPool2d(2),
        *block(16, 32), nn.MaxPool2d(2),
        *block(32, 32), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(32, 2),
    )  # fmt: skip
    epochs = 10
    optimizer = torch.optim.SGD(
        net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4, nesterov=True
    )
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs),
        "train": DataLoader(trainset, batch_size=64, shuffle=True),
        "val": DataLoader(testset, batch_size=100),
        "epochs": epochs,
        "metric": "accuracy",
    }
