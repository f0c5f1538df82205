"""A variational autoencoder draws its code by Normal.sample, which has no gradient.

The encoder learns from the KL term only, and that wants it to say nothing.
"""

import torch
import torch.nn as nn
from torch.distributions import Normal, kl_divergence

import data

SOURCE = "https://github.com/jankrepl/deepdow/pull/106"
CAUSES = ("gradient_wiring",)


class Encoder(nn.Module):
    def __init__(self, n_in, n_hidden, n_latent):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(n_in, n_hidden), nn.LeakyReLU(0.1))
        self.loc = nn.Linear(n_hidden, n_latent)
        self.log_scale = nn.Linear(n_hidden, n_latent)

    def forward(self, x):
        h = self.net(x)
        return self.loc(h), self.log_scale(h).clamp(-5, 3).exp()


class VAE(nn.Module):
    def __init__(self, draw, n_in=64, n_hidden=96, n_latent=10):
        super().__init__()
        self.draw = draw
        self.encoder = Encoder(n_in, n_hidden, n_latent)
        self.decoder = nn.Sequential(
            nn.Linear(n_latent, n_hidden), nn.LeakyReLU(0.1), nn.Linear(n_hidden, n_in)
        )

    def forward(self, x):
        loc, scale = self.encoder(x)
        z = self.draw(Normal(loc, scale)) if self.training else loc
        return self.decoder(z), loc, scale


def elbo_loss(output, x):
    recon, loc, scale = output
    nll = 0.5 * ((recon - x) / 0.2).square().sum(dim=1)
    kl = kl_divergence(Normal(loc, scale), Normal(0.0, 1.0)).sum(dim=1)
    return (nll + kl).mean()


def explained(output, x):
    recon = output[0]
    rest = (recon - x).square().sum()
    return 1 - (rest / (x - x.mean(dim=0)).square().sum()).item()


def make(seed, draw):
    torch.manual_seed(seed)
    (x_train, _), (x_test, _) = data.digits()
    model = VAE(draw)
    return {
        "model": model,
        "loss_fn": elbo_loss,
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": (x_train, x_train),
        "val": (x_test, x_test),
        "batch_size": 32,
        "epochs": 45,
        "metric": explained,
    }


def make_faulty(seed=0):
    return make(seed, draw=lambda q: q.sample())


def make_fixed(seed=0):
    return make(seed, draw=lambda q: q.rsample())
