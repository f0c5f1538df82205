"""A mixture density network sums up densities and takes the log of it, where they are zero.

The density of an image is a product over 196 pixels: far below what 32 bits can hold.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/keras-team/keras/issues/1061"
CAUSES = ("numerics",)


def coarse_and_fine(pair):
    """Images of 7 by 7 pixels, and the same ones of 14 by 14 pixels to be found."""
    fine = (pair[0] - 0.13) / 0.31
    coarse = F.avg_pool2d(fine, 2)
    return TensorDataset(coarse.flatten(1), fine.flatten(1))


class MDN(nn.Module):
    def __init__(self, n_in=49, n_out=196, n_hidden=128, n_gaussians=3):
        super().__init__()
        self.n_gaussians = n_gaussians
        self.z_h = nn.Sequential(nn.Linear(n_in, n_hidden), nn.ReLU())
        self.z_pi = nn.Linear(n_hidden, n_gaussians)
        self.z_mu = nn.Linear(n_hidden, n_gaussians * n_out)
        self.z_sigma = nn.Linear(n_hidden, n_gaussians * n_out)

    def forward(self, x):
        z = self.z_h(x)
        log_pi = F.log_softmax(self.z_pi(z), dim=-1)
        mu = self.z_mu(z).unflatten(1, (self.n_gaussians, -1))
        sigma = F.softplus(self.z_sigma(z)).unflatten(1, (self.n_gaussians, -1)) + 0.1
        return log_pi, mu, sigma


def mdn_loss(out, y):
    log_pi, mu, sigma = out
    normal = torch.exp(-0.5 * ((y[:, None] - mu) / sigma) ** 2) / sigma
    density = torch.prod(normal / math.sqrt(2 * math.pi), dim=2)
    likelihood = torch.sum(log_pi.exp() * density, dim=1)
    return -torch.log(likelihood).mean() / y.shape[1]


def stable_mdn_loss(out, y):
    log_pi, mu, sigma = out
    log_density = torch.distributions.Normal(mu, sigma).log_prob(y[:, None]).sum(dim=2)
    return -torch.logsumexp(log_pi + log_density, dim=1).mean() / y.shape[1]


def log_likelihood(out, y):
    return -stable_mdn_loss(out, y).item()


def make(seed, criterion):
    torch.manual_seed(seed)
    train, val = data.mnist(2400, side=14)
    model = MDN()
    return {
        "model": model,
        "loss_fn": criterion,
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": DataLoader(coarse_and_fine(train), batch_size=32, shuffle=True),
        "val": DataLoader(coarse_and_fine(val), batch_size=300),
        "epochs": 15,
        "metric": log_likelihood,
    }


def make_faulty(seed=0):
    return make(seed, mdn_loss)


def make_fixed(seed=0):
    return make(seed, stable_mdn_loss)
