"""The optimizer of an autoencoder is given the parameters of the encoder only."""

from itertools import chain

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/zdebruine/MMVAE/issues/39"
CAUSES = ("frozen_parameters",)


class Encoder(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.fc1 = nn.Linear(196, 128)
        self.fc2 = nn.Linear(128, latent)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


class Decoder(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.fc1 = nn.Linear(latent, 128)
        self.fc2 = nn.Linear(128, 196)

    def forward(self, z):
        return torch.sigmoid(self.fc2(torch.relu(self.fc1(z))))


class AutoEncoder(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, x):
        return self.decoder(self.encoder(x))


class ImagesTwice(Dataset):
    """An image is its own target."""

    def __init__(self, pair):
        self.images = pair[0].flatten(1)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i], self.images[i]


def explained(output, target):
    rest = (output - target).square().sum()
    return float(1 - rest / (target - target.mean(0)).square().sum())


def make(seed, parts):
    torch.manual_seed(seed)
    encoder, decoder = Encoder(12), Decoder(12)
    modules = {"encoder": encoder, "decoder": decoder}
    params = chain.from_iterable(modules[name].parameters() for name in parts)
    train, val = data.mnist(1500, side=14)
    return {
        "model": AutoEncoder(encoder, decoder),
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(params, lr=4e-3),
        "train": DataLoader(ImagesTwice(train), batch_size=32, shuffle=True),
        "val": DataLoader(ImagesTwice(val), batch_size=250),
        "epochs": 40,
        "metric": explained,
    }


def make_faulty(seed=0):
    return make(seed, ["encoder"])


def make_fixed(seed=0):
    return make(seed, ["encoder", "decoder"])
