"""Reconstruction is averaged over all pixels, but the KL term is summed over the batch.

The KL term falls to zero at once, and the decoder draws the same mean digit for any input.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/zdebruine/MMVAE/pull/19"
CAUSES = ("loss_mismatch", "regularization")


class VAE(nn.Module):
    def __init__(self, n_latent=8):
        super().__init__()
        self.fc1 = nn.Linear(64, 100)
        self.fc21 = nn.Linear(100, n_latent)
        self.fc22 = nn.Linear(100, n_latent)
        self.fc3 = nn.Linear(n_latent, 100)
        self.fc4 = nn.Linear(100, 64)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        if not self.training:
            return mu
        std = torch.exp(0.5 * logvar)
        return mu + torch.randn_like(std) * std

    def forward(self, x):
        mu, logvar = self.encode(x)
        h3 = F.relu(self.fc3(self.reparameterize(mu, logvar)))
        return torch.sigmoid(self.fc4(h3)), mu, logvar


def loss_with(reduction):
    def loss_function(output, x):
        recon_x, mu, logvar = output
        mse = F.mse_loss(recon_x, x, reduction=reduction)
        kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        return mse + 0.1 * kld

    return loss_function


def explained(output, x):
    """Return the share of the variance of the pixels that is reconstructed."""
    return float(1 - (output[0] - x).square().sum() / (x - x.mean(0)).square().sum())


def make(seed, reduction):
    torch.manual_seed(seed)
    model = VAE()
    (x, _), (val_x, _) = data.digits()
    return {
        "model": model,
        "loss_fn": loss_with(reduction),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": DataLoader(TensorDataset(x, x), batch_size=64, shuffle=True),
        "val": DataLoader(TensorDataset(val_x, val_x), batch_size=450),
        "epochs": 25,
        "metric": explained,
    }


def make_faulty(seed=0):
    return make(seed, "mean")


def make_fixed(seed=0):
    return make(seed, "sum")
