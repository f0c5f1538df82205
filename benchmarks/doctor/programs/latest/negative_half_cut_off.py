"""Images are normalized to mean zero; the autoencoder ends in a ReLU and cannot go below."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/mikesj-public/convolutional_autoencoder/pull/9"
CAUSES = ("output_activation",)


class Pictures(Dataset):
    def __init__(self, images, mean, std):
        self.images = (images - mean) / std

    def __len__(self):
        return self.images.shape[0]

    def __getitem__(self, i):
        return self.images[i], self.images[i]


def up(cin, cout):
    return nn.ConvTranspose2d(cin, cout, kernel_size=2, stride=2)


class ConvAutoencoder(nn.Module):
    def __init__(self, last):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        self.decoder = nn.Sequential(up(12, 16), nn.ReLU(), up(16, 3))
        self.last = last

    def forward(self, x):
        x = self.decoder(self.encoder(x))
        return x if self.last is None else self.last(x)


def make(seed, last):
    torch.manual_seed(seed)
    (train, _), (val, _) = data.cifar(1200, side=16)
    mean = train.mean(dim=(0, 2, 3), keepdim=True)[0]
    std = train.std(dim=(0, 2, 3), keepdim=True)[0]
    net = ConvAutoencoder(last)
    return {
        "model": net,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=3e-3),
        "train": DataLoader(Pictures(train, mean, std), batch_size=32, shuffle=True),
        "val": DataLoader(Pictures(val, mean, std), batch_size=100),
        "epochs": 8,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, last=nn.ReLU())


def make_fixed(seed=0):
    return make(seed, last=None)
