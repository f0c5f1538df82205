"""The images are normalized to -1..1, but the decoder ends in a sigmoid.

The black ground of the digits, -1, is out of its reach.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/mikesj-public/convolutional_autoencoder/pull/9"
CAUSES = ("output_activation", "input_scale")


class Encoder(nn.Module):
    def __init__(self, code_size):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(),
        )  # fmt: skip
        self.fc = nn.Linear(32 * 4 * 4, code_size)

    def forward(self, x):
        return self.fc(self.features(x))


class Decoder(nn.Module):
    def __init__(self, code_size, last):
        super().__init__()
        self.fc = nn.Linear(code_size, 32 * 4 * 4)
        self.up1 = nn.ConvTranspose2d(32, 16, 3, stride=2, padding=1)
        self.up2 = nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1)
        self.last = last

    def forward(self, z):
        x = torch.relu(self.fc(z)).view(-1, 32, 4, 4)
        x = torch.relu(self.up1(x))
        return self.last(self.up2(x))


def loader(images, **kwargs):
    images = (images - 0.5) / 0.5  # transforms.Normalize((0.5,), (0.5,))
    return DataLoader(TensorDataset(images, images), **kwargs)


def make(seed, last):
    torch.manual_seed(seed)
    (images, _), (test_images, _) = data.mnist(2000, side=14)
    autoencoder = nn.Sequential(Encoder(16), Decoder(16, last))
    return {
        "model": autoencoder,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(autoencoder.parameters(), lr=3e-3),
        "train": loader(images, batch_size=32, shuffle=True),
        "val": loader(test_images, batch_size=256),
        "epochs": 12,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, last=nn.Sigmoid())


def make_fixed(seed=0):
    return make(seed, last=nn.Tanh())
