"""All components of a mixture of Gaussians start with mean zero: they stay one and the same."""

import math

import torch
import torch.nn as nn
from sklearn.cluster import KMeans
from sklearn.datasets import make_moons

import data

SOURCE = "https://github.com/davidavdav/GaussianMixtures.jl/issues/64"
CAUSES = ("init",)


class GMM(nn.Module):
    """Diagonal Gaussians, fitted by gradient descent; gives the log density of each row."""

    def __init__(self, n_components, means):
        super().__init__()
        self.means = nn.Parameter(means)
        self.log_std = nn.Parameter(torch.full_like(means, -1.0))
        self.logits = nn.Parameter(torch.zeros(n_components))

    def forward(self, x):
        z = (x[:, None, :] - self.means) * torch.exp(-self.log_std)
        log_normal = -0.5 * z**2 - self.log_std - 0.5 * math.log(2 * math.pi)
        return torch.logsumexp(log_normal.sum(-1) + self.logits.log_softmax(0), dim=1)


def nll(log_prob, _):
    return -log_prob.mean()


def mean_log_likelihood(log_prob, _):
    return log_prob.mean().item()


def make(seed, k_means, n_components=12):
    torch.manual_seed(seed)
    x, y = make_moons(2000, noise=0.06, random_state=0)
    train, val = data.split(torch.tensor(x).float(), torch.tensor(y))
    points = train[0]
    if k_means:
        clusters = KMeans(n_components, n_init=1, random_state=seed).fit(points.numpy())
        means = torch.tensor(clusters.cluster_centers_).float()
    else:
        means = torch.zeros(n_components, points.shape[1])
    model = GMM(n_components, means)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    return {
        "model": model,
        "loss_fn": nll,
        "optimizer": optimizer,
        "train": train,
        "val": val,
        "batch_size": 50,
        "epochs": 30,
        "metric": mean_log_likelihood,
    }


def make_faulty(seed=0):
    return make(seed, k_means=False)


def make_fixed(seed=0):
    return make(seed, k_means=True)
