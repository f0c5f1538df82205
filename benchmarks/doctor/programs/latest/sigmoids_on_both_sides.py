"""A variational autoencoder with a sigmoid after each layer: it only says the mean digit."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/cdoersch/vae_tutorial/issues/5"
CAUSES = ("vanishing_gradient", "hidden_activation", "saturation")


class Digits(Dataset):
    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i], self.images[i]


class VAE(nn.Module):
    def __init__(self, neuron, n_z=12):
        super().__init__()
        self.encode = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 96), neuron(),
            nn.Linear(96, 96), neuron(),
            nn.Linear(96, 48), neuron(),
        )  # fmt: skip
        self.mu = nn.Linear(48, n_z)
        self.logsd = nn.Linear(48, n_z)
        self.decode = nn.Sequential(
            nn.Linear(n_z, 48), neuron(),
            nn.Linear(48, 96), neuron(),
            nn.Linear(96, 96), neuron(),
            nn.Linear(96, 64), nn.Unflatten(1, (1, 8, 8)),
        )  # fmt: skip

    def forward(self, x):
        h = self.encode(x)
        mu, logsd = self.mu(h), self.logsd(h) - 2
        z = mu + logsd.exp() * torch.randn_like(mu) if self.training else mu
        return self.decode(z), mu, logsd


def elbo(output, x):
    logits, mu, logsd = output
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    kld = 0.5 * (mu**2 + (2 * logsd).exp() - 1 - 2 * logsd)
    return reconstruction.flatten(1).sum(1).mean() + 0.05 * kld.sum(1).mean()


def explained(output, x):
    error = (torch.sigmoid(output[0]) - x).square().sum()
    return float(1 - error / (x - x.mean(0)).square().sum())


def make(seed, neuron):
    torch.manual_seed(seed)
    (images, _), (test_images, _) = data.digits()
    images, test_images = images.view(-1, 1, 8, 8), test_images.view(-1, 1, 8, 8)
    net = VAE(neuron)
    return {
        "model": net,
        "loss_fn": elbo,
        "optimizer": torch.optim.Adam(net.parameters(), lr=2e-3),
        "train": DataLoader(Digits(images), batch_size=32, shuffle=True),
        "val": DataLoader(Digits(test_images), batch_size=250),
        "epochs": 15,
        "metric": explained,
    }


def make_faulty(seed=0):
    return make(seed, nn.Sigmoid)


def make_fixed(seed=0):
    return make(seed, nn.ReLU)
