"""Images are divided by 255 by the loader, and a second time in the training loop."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/pkmital/pycadl/pull/5"
CAUSES = ("input_scale",)


def to_tensor(array):
    """What torchvision's ToTensor does to bytes."""
    return torch.from_numpy(array).permute(2, 0, 1).float().div(255)


class Files(Dataset):
    """Images as bytes with the channels last, as an image library reads them."""

    def __init__(self, pair):
        x, self.ids = pair
        self.arrays = (x * 255).round().byte().permute(0, 2, 3, 1).numpy()

    def __len__(self):
        return len(self.arrays)

    def __getitem__(self, i):
        return to_tensor(np.ascontiguousarray(self.arrays[i])), int(self.ids[i])


def make(seed, again):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(24 * 9, 10),
    )  # fmt: skip

    def collate(batch):
        images = torch.stack([image for image, _ in batch])
        labels = torch.tensor([label for _, label in batch])
        if again:
            images = images / 255.0
        return images, labels

    train, val = data.mnist(1500, side=14)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9),
        "train": DataLoader(Files(train), 30, shuffle=True, collate_fn=collate),
        "val": DataLoader(Files(val), 100, collate_fn=collate),
        "epochs": 6,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, again=True)


def make_fixed(seed=0):
    return make(seed, again=False)
