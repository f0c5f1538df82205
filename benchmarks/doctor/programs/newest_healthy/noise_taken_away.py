"""A convolutional autoencoder that takes noise away: sigmoid, and BCE of gray values."""

import torch
from torch import nn

import data


def noisy(images, seed):
    draws = torch.Generator().manual_seed(seed)
    return (images + 0.4 * torch.randn(images.shape, generator=draws)).clamp(0, 1)


class ConvDenoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(16, 24, 3, padding=1), nn.ReLU(),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(24, 16, 2, stride=2), nn.ReLU(),
            nn.Conv2d(16, 1, 3, padding=1), nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, x):
        return self.decoder(self.encoder(x))


def explained(output, target):
    """Return the share of all pixels' variance that is explained."""
    return float(1 - (output - target).square().mean() / target.var())


def make(seed=0):
    torch.manual_seed(seed)
    model = ConvDenoiser()
    (x, _), (val_x, _) = data.mnist(1000, side=14)
    return {
        "model": model,
        "loss_fn": nn.BCELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": (noisy(x, 1), x),
        "val": (noisy(val_x, 2), val_x),
        "batch_size": 20,
        "epochs": 6,
        "metric": explained,
    }
