"""A variational autoencoder: a reconstruction and a divergence, added up over 64 pixels."""

import torch
import torch.nn.functional as F
from torch import nn

import data


class VAE(nn.Module):
    def __init__(self, latent=8):
        super().__init__()
        self.enc = nn.Linear(64, 64)
        self.mu = nn.Linear(64, latent)
        self.logvar = nn.Linear(64, latent)
        self.dec1 = nn.Linear(latent, 64)
        self.dec2 = nn.Linear(64, 64)

    def forward(self, x):
        h = F.relu(self.enc(x))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu
        if self.training:
            z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.dec2(F.relu(self.dec1(z))), mu, logvar


def minus_elbo(out, x):
    recon, mu, logvar = out
    bce = F.binary_cross_entropy_with_logits(recon, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (bce + kld) / len(x)


def explained(out, x):
    recon = out[0] if isinstance(out, (tuple, list)) else out
    return float(1 - (recon.sigmoid() - x).square().sum() / (x - x.mean(0)).square().sum())


def make(seed=0):
    torch.manual_seed(seed)
    model = VAE()
    (x, _), (vx, _) = data.digits()
    return {
        "model": model,
        "loss_fn": minus_elbo,
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": (x, x),
        "val": (vx, vx),
        "batch_size": 32,
        "epochs": 25,
        "metric": explained,
    }
