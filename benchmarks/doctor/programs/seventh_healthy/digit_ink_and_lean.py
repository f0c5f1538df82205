"""One trunk, three heads: which digit it is, how much ink it has, and how far it leans."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, default_collate

import data


def moments(images):
    """How much ink there is, and the slope of a digit, from its second moments."""
    ink = images.sum((1, 2, 3))
    grid = torch.linspace(-1, 1, images.shape[-1])
    weight = images[:, 0] / ink[:, None, None]
    x = grid - (weight * grid).sum((1, 2))[:, None]
    y = grid - (weight * grid[:, None]).sum((1, 2))[:, None]
    covariance = (weight * x[:, None, :] * y[:, :, None]).sum((1, 2))
    lean = covariance / (weight * y[:, :, None].square()).sum((1, 2))
    return torch.stack([ink, lean], dim=1)


class ThreeHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.GroupNorm(4, 16), nn.SiLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.GroupNorm(4, 32), nn.SiLU(),
            nn.Conv2d(32, 32, 3, stride=2, padding=1), nn.GroupNorm(4, 32), nn.SiLU(),
            nn.Flatten(), nn.Linear(32 * 4 * 4, 64), nn.SiLU(),
        )  # fmt: skip
        self.digit = nn.Linear(64, 10)
        self.ink = nn.Linear(64, 1)
        self.lean = nn.Linear(64, 1)

    def forward(self, images):
        x = self.trunk(images)
        return {
            "digit": self.digit(x),
            "ink": self.ink(x).squeeze(1),
            "lean": self.lean(x).squeeze(1),
        }


def weighted_sum(output, target):
    return (
        F.cross_entropy(output["digit"], target["digit"])
        + 0.5 * F.mse_loss(output["ink"], target["ink"])
        + 0.5 * F.mse_loss(output["lean"], target["lean"])
    )


def mean_score(output, target):
    """Return the mean of the accuracy and of both R2."""
    scores = [(output["digit"].argmax(1) == target["digit"]).float().mean()]
    for name in ("ink", "lean"):
        rest = (output[name] - target[name]).square().sum()
        spread = (target[name] - target[name].mean()).square().sum()
        scores.append(1 - rest / spread)
    return torch.stack(scores).mean().item()


def as_dicts(samples):
    images, digit, both = default_collate(samples)
    return images, {"digit": digit, "ink": both[:, 0], "lean": both[:, 1]}


def make(seed=0):
    torch.manual_seed(seed)
    (x, digit), (x_val, digit_val) = data.mnist(2400, side=14)
    both, both_val = moments(x), moments(x_val)
    mean, std = both.mean(0), both.std(0)
    train = TensorDataset(x, digit, (both - mean) / std)
    val = TensorDataset(x_val, digit_val, (both_val - mean) / std)
    model = ThreeHeads()
    return {
        "model": model,
        "loss_fn": weighted_sum,
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": DataLoader(train, batch_size=32, shuffle=True, collate_fn=as_dicts),
        "val": DataLoader(val, batch_size=200, collate_fn=as_dicts),
        "epochs": 8,
        "metric": mean_score,
    }
