"""An autoencoder squeezes each digit through a latent space of a single dimension."""

import torch
import torch.nn as nn

import data

SOURCE = "https://github.com/mattragoza/LiGAN/issues/18"
CAUSES = ("capacity",)


class ConvAutoencoder(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(),
            nn.Linear(16 * 4 * 4, latent_dim),
        )  # fmt: skip
        self.decoder_input = nn.Linear(latent_dim, 16 * 4 * 4)
        self.decoder = nn.Sequential(
            nn.ReLU(),
            nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1), nn.ReLU(),
            nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1), nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, x):
        z = self.encoder(x)
        x = self.decoder_input(z).view(-1, 16, 4, 4)
        return self.decoder(x)


def make(seed, latent_dim):
    torch.manual_seed(seed)
    (images, _), (test_images, _) = data.mnist(1500, side=14)
    model = ConvAutoencoder(latent_dim)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": (images, images),
        "val": (test_images, test_images),
        "batch_size": 32,
        "epochs": 8,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, latent_dim=1)


def make_fixed(seed=0):
    return make(seed, latent_dim=24)
