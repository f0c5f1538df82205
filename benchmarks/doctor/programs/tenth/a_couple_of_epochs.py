"""A couple of epochs, to save time, and the network is taken for a poor one."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/aws/amazon-sagemaker-examples/pull/135"
CAUSES = ("epochs_few",)


class CarsDogsFrogsShips(Dataset):
    """Cars, dogs, frogs and ships of CIFAR-10; half of the training images flipped."""

    ids = (1, 5, 6, 8)

    def __init__(self, pair, *, is_train):
        images, ids = pair
        keep = torch.isin(ids, torch.tensor(self.ids))
        self.images = (images[keep] - 0.47) / 0.25
        self.labels = torch.searchsorted(torch.tensor(self.ids), ids[keep])
        self.is_train = is_train

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        image = self.images[index]
        if self.is_train and torch.rand(()) < 0.5:
            image = image.flip(-1)
        return image, self.labels[index]


def build_model():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 48, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(48 * 2 * 2, 4),
    )  # fmt: skip


def make(seed, epochs):
    torch.manual_seed(seed)
    train, val = data.cifar(3000, side=16)
    model = build_model()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9),
        "train": DataLoader(
            CarsDogsFrogsShips(train, is_train=True), batch_size=32, shuffle=True
        ),
        "val": DataLoader(CarsDogsFrogsShips(val, is_train=False), batch_size=128),
        "epochs": epochs,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, epochs=2)


def make_fixed(seed=0):
    return make(seed, epochs=22)
