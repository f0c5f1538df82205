"""A VAE whose binary cross entropy is the mean of a pixel, its divergence that of a picture.

Taken over all 196 pixels, the first would be as large as it should be. As it is, the
divergence outweighs it, the code tells nothing, and all reconstructions look the same.
"""

import torch
import torch.nn.functional as F
from torch import nn

import data

SOURCE = "https://stats.stackexchange.com/questions/485488"
CAUSES = ("regularization", "loss_mismatch")


class VAE(nn.Module):
    def __init__(self, pixels=196, hidden=200, latent=12):
        super().__init__()
        self.fc1 = nn.Linear(pixels, hidden)
        self.fc_mean = nn.Linear(hidden, latent)
        self.fc_log_var = nn.Linear(hidden, latent)
        self.fc3 = nn.Linear(latent, hidden)
        self.fc4 = nn.Linear(hidden, pixels)

    def forward(self, x):
        h = F.relu(self.fc1(x))
        z_mean, z_log_var = self.fc_mean(h), self.fc_log_var(h)
        z = z_mean
        if self.training:
            z = z_mean + torch.randn_like(z_mean) * (0.5 * z_log_var).exp()
        reconstruction = torch.sigmoid(self.fc4(F.relu(self.fc3(z))))
        return reconstruction, z_mean, z_log_var


def r2(output, x):
    reconstruction = output[0]
    rest = (x - reconstruction).square().sum()
    return 1 - float(rest / (x - x.mean(0)).square().sum())


def make(seed, times):
    torch.manual_seed(seed)
    (images, _), (val_images, _) = data.mnist(2400, side=14)
    images, val_images = images.flatten(1), val_images.flatten(1)

    def total_loss(output, x):
        reconstruction, z_mean, z_log_var = output
        reconstruction_loss = F.binary_cross_entropy(reconstruction, x) * times
        kl_loss = 1 + z_log_var - z_mean.square() - z_log_var.exp()
        kl_loss = -0.5 * kl_loss.sum(1).mean()
        return reconstruction_loss + kl_loss

    model = VAE()
    return {
        "model": model,
        "loss_fn": total_loss,
        "optimizer": torch.optim.Adam(model.parameters(), lr=1.5e-3),
        "train": (images, images),
        "val": (val_images, val_images),
        "batch_size": 32,
        "epochs": 25,
        "metric": r2,
    }


def make_faulty(seed=0):
    return make(seed, times=1)


def make_fixed(seed=0):
    return make(seed, times=14 * 14)
