"""A denoising autoencoder: half of the pixels are struck out, others each time."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

import data


def strike_out(images, generator=None):
    kept = torch.rand(images.shape, generator=generator) > 0.5
    return images * kept


def struck_and_whole(samples):
    images = torch.stack([image for (image,) in samples])
    return strike_out(images), images


class DenoisingAutoencoder(nn.Module):
    def __init__(self, hidden=384, code=96):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(196, hidden), nn.LeakyReLU(0.1),
            nn.Linear(hidden, code), nn.LeakyReLU(0.1),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Linear(code, hidden), nn.LeakyReLU(0.1), nn.Linear(hidden, 196)
        )

    def forward(self, images):
        return self.decoder(self.encoder(images.flatten(1))).view_as(images)


def cross_entropy_of_gray(output, images):
    return F.binary_cross_entropy_with_logits(output, images)


def explained(output, images):
    rest = (output.sigmoid() - images).square().sum()
    return float(1 - rest / (images - images.mean(0)).square().sum())


def make(seed=0):
    torch.manual_seed(seed)
    (images, _), (val_images, _) = data.mnist(4000, side=14)
    noise = torch.Generator().manual_seed(3)
    model = DenoisingAutoencoder()
    return {
        "model": model,
        "loss_fn": cross_entropy_of_gray,
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": DataLoader(
            TensorDataset(images),
            batch_size=32,
            shuffle=True,
            collate_fn=struck_and_whole,
        ),
        "val": (strike_out(val_images, noise), val_images),
        "epochs": 14,
        "metric": explained,
    }
