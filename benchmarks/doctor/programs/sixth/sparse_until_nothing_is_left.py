"""A sparse autoencoder: activities of the code are summed up, errors of pixels are averaged.

A coefficient that looks small then outweighs the pictures, and all of them become one blur.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader

import data

SOURCE = "https://github.com/keras-team/keras/issues/5414"
CAUSES = ("regularization", "loss_mismatch")


class SparseAutoencoder(nn.Module):
    def __init__(self, encoding_dim=48):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(196, encoding_dim), nn.ReLU())
        self.decoder = nn.Sequential(nn.Linear(encoding_dim, 196), nn.Sigmoid())

    def forward(self, input_img):
        encoded = self.encoder(input_img)
        return self.decoder(encoded), encoded


def with_activity_l1(coefficient):
    bce = nn.BCELoss()

    def loss(output, target):
        decoded, encoded = output
        return bce(decoded, target) + coefficient * encoded.abs().sum()

    return loss


def explained(output, target):
    error = (output[0] - target).square().sum()
    return float(1 - error / (target - target.mean(0)).square().sum())


def images_as_targets(batch):
    x = torch.stack(batch)
    return x, x


def make(seed, activity_l1):
    torch.manual_seed(seed)
    (train, _), (test, _) = data.mnist(2400, side=14)
    autoencoder = SparseAutoencoder()
    return {
        "model": autoencoder,
        "loss_fn": with_activity_l1(activity_l1),
        "optimizer": torch.optim.Adam(autoencoder.parameters(), lr=3e-3),
        "train": DataLoader(
            list(train.flatten(1)), 32, shuffle=True, collate_fn=images_as_targets
        ),
        "val": DataLoader(list(test.flatten(1)), 200, collate_fn=images_as_targets),
        "epochs": 20,
        "metric": explained,
    }


def make_faulty(seed=0):
    return make(seed, activity_l1=1e-3)


def make_fixed(seed=0):
    return make(seed, activity_l1=1e-7)
