"""A conditional variational autoencoder: the decoder is told which digit it has to draw."""

import torch
import torch.nn.functional as F
from torch import nn

import data


class CVAE(nn.Module):
    def __init__(self, latent_size=8, class_size=10):
        super().__init__()
        self.fc1 = nn.Linear(64 + class_size, 128)
        self.fc21 = nn.Linear(128, latent_size)
        self.fc22 = nn.Linear(128, latent_size)
        self.fc3 = nn.Linear(latent_size + class_size, 128)
        self.fc4 = nn.Linear(128, 64)

    def reparameterize(self, mu, logvar):
        if not self.training:
            return mu
        std = torch.exp(0.5 * logvar)
        return mu + torch.randn_like(std) * std

    def forward(self, x, c):
        c = F.one_hot(c, 10).float()
        h1 = F.elu(self.fc1(torch.cat([x, c], 1)))
        mu, logvar = self.fc21(h1), self.fc22(h1)
        z = self.reparameterize(mu, logvar)
        h3 = F.elu(self.fc3(torch.cat([z, c], 1)))
        return torch.sigmoid(self.fc4(h3)), mu, logvar


def loss_function(output, x):
    recon_x, mu, logvar = output
    bce = F.binary_cross_entropy(recon_x, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (bce + 0.3 * kld) / len(x)


def explained_variance(output, x):
    residual = (output[0] - x).square().sum()
    return float(1 - residual / (x - x.mean(0)).square().sum())


def make(seed=0):
    torch.manual_seed(seed)
    (x, c), (val_x, val_c) = data.digits()
    model = CVAE()
    return {
        "model": model,
        "loss_fn": loss_function,
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": ((x, c), x),
        "val": ((val_x, val_c), val_x),
        "batch_size": 32,
        "epochs": 20,
        "metric": explained_variance,
    }
