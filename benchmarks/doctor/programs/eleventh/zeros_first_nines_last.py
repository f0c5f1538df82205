"""The loader reads folder after folder and never shuffles: long stretches of one digit."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/Deci-AI/super-gradients/issues/416"
CAUSES = ("shuffle",)


class ImageFolder(Dataset):
    """Images in the order of their folders, "0" to "9"."""

    def __init__(self, images, ids):
        self.samples = []
        for folder in range(10):
            for image in images[ids == folder]:
                self.samples.append((image, folder))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        image, target = self.samples[i]
        return (image - 0.13) / 0.31, target


def small_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(12, 24, 3, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(24 * 4 * 4, 48), nn.ReLU(), nn.Linear(48, 10),
    )  # fmt: skip


def make(seed, **dataloader_params):
    torch.manual_seed(seed)
    train, val = data.mnist(3000, side=14)
    model = small_cnn()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(
            model.parameters(), lr=0.02, momentum=0.9, nesterov=True, weight_decay=1e-4
        ),
        "train": DataLoader(ImageFolder(*train), batch_size=32, **dataloader_params),
        "val": DataLoader(ImageFolder(*val), batch_size=100),
        "epochs": 8,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed)


def make_fixed(seed=0):
    return make(seed, shuffle=True)
