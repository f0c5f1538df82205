"""Pixels are divided by 255 and written back into an array of bytes: nearly all become 0."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/keras-team/keras/issues/255"
CAUSES = ("bad_data", "input_scale")


def as_bytes(images):
    """Return images as a reader of files gives them: (n, 14, 14, 1), from 0 to 255."""
    return (images.permute(0, 2, 3, 1).numpy() * 255).astype(np.uint8)


def load_data(images, dtype):
    x = np.zeros(images.shape, dtype=dtype)
    for i, image in enumerate(images):
        x[i] = image / 255.0
    return np.transpose(x, (0, 3, 1, 2))


class Digits(Dataset):
    def __init__(self, pair, dtype):
        images, labels = pair
        self.x = load_data(as_bytes(images), dtype)
        self.y = labels.numpy()

    def __getitem__(self, i):
        return torch.from_numpy(self.x[i]).float(), int(self.y[i])

    def __len__(self):
        return len(self.y)


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.dense1 = nn.Linear(32 * 3 * 3, 64)
        self.dense2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.dense1(x.flatten(1)))
        return self.dense2(F.dropout(x, 0.25, self.training))


def make(seed, dtype):
    torch.manual_seed(seed)
    train, test = data.mnist(2400, side=14)
    model = Cnn()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.RMSprop(model.parameters(), lr=1e-3),
        "train": DataLoader(Digits(train, dtype), batch_size=32, shuffle=True),
        "val": DataLoader(Digits(test, dtype), batch_size=100),
        "epochs": 8,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, np.uint8)


def make_fixed(seed=0):
    return make(seed, np.float32)
