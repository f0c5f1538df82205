"""A PixelCNN of black and white digits: a dot is guessed from those before it and its place.

The inputs are the targets: masks of the weights hide from each dot itself and what comes later.
"""

import torch
import torch.nn as nn

import data


class MaskedConv2d(nn.Conv2d):
    """Type A sees the dots above and to the left; type B also its own place."""

    def __init__(self, kind, n_in, n_out, size):
        super().__init__(n_in, n_out, size, padding=size // 2)
        mask = torch.zeros_like(self.weight)
        mask[:, :, : size // 2] = 1
        mask[:, :, size // 2, : size // 2 + (kind == "B")] = 1
        self.register_buffer("mask", mask)

    def forward(self, x):
        return self._conv_forward(x, self.weight * self.mask, self.bias)


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.place = nn.Parameter(torch.zeros(1, c, 8, 8))
        self.net = nn.Sequential(nn.ReLU(), MaskedConv2d("B", c, c, 5))

    def forward(self, x):
        return x + self.net(x + self.place)


def likelihood_per_dot(logits, dots):
    """The geometric mean of the probabilities of the true dots: 0.5 by tossing a coin."""
    return float((-nn.functional.binary_cross_entropy_with_logits(logits, dots)).exp())


def make(seed=0):
    torch.manual_seed(seed)
    (images, _), (val_images, _) = data.digits()
    train = (images.view(-1, 1, 8, 8) > 0.4).float()
    val = (val_images.view(-1, 1, 8, 8) > 0.4).float()
    c = 24
    model = nn.Sequential(
        MaskedConv2d("A", 1, c, 11),
        Residual(c),
        Residual(c),
        nn.ReLU(),
        MaskedConv2d("B", c, c, 1),
        nn.ReLU(),
        nn.Conv2d(c, 1, 1),
    )
    optimizer = torch.optim.Adamax(model.parameters(), lr=1e-2)
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.88),
        "train": (train, train),
        "val": (val, val),
        "batch_size": 32,
        "epochs": 16,
        "metric": likelihood_per_dot,
    }
