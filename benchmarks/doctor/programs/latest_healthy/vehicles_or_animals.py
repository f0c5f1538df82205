"""Photographs of vehicles and of animals: random crops and flips, VGG blocks, AdamW."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

import data

VEHICLES = torch.tensor([0, 1, 8, 9])


class Photos(Dataset):
    def __init__(self, images, ids, transform):
        self.images = images
        self.labels = torch.isin(ids, VEHICLES).long()
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.transform(self.images[index]), self.labels[index]


def block(n_in, n_out):
    return [
        nn.Conv2d(n_in, n_out, 3, padding=1), nn.BatchNorm2d(n_out), nn.ReLU(),
        nn.MaxPool2d(2),
    ]  # fmt: skip


def make(seed=0):
    torch.manual_seed(seed)
    (images, ids), (test_images, test_ids) = data.cifar(1500, side=16)
    normalize = v2.Normalize([0.49, 0.48, 0.45], [0.25, 0.24, 0.26])
    augment = v2.Compose(
        [v2.RandomCrop(16, padding=2), v2.RandomHorizontalFlip(), normalize]
    )
    model = nn.Sequential(
        *block(3, 16), *block(16, 32), *block(32, 48),
        nn.Flatten(), nn.Dropout(0.2), nn.Linear(192, 2),
    )  # fmt: skip
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01),
        "train": DataLoader(Photos(images, ids, augment), batch_size=32, shuffle=True),
        "val": DataLoader(Photos(test_images, test_ids, normalize), batch_size=100),
        "epochs": 7,
        "metric": "accuracy",
    }
