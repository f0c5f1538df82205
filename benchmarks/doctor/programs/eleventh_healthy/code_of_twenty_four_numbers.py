"""A convolutional autoencoder of digits: strides down, transposed strides up, logits."""

import torch
from torch import nn
from torch.utils.data import DataLoader

import data


class Encoder(nn.Module):
    def __init__(self, code):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 12, 4, stride=2, padding=2),
            nn.LeakyReLU(0.1),
            nn.Conv2d(12, 24, 4, stride=2, padding=1),
            nn.LeakyReLU(0.1),
            nn.Flatten(),
            nn.Linear(24 * 4 * 4, code),
        )

    def forward(self, x):
        return self.net(x)


class Decoder(nn.Module):
    def __init__(self, code):
        super().__init__()
        self.dense = nn.Linear(code, 24 * 4 * 4)
        self.up1 = nn.ConvTranspose2d(24, 12, 4, stride=2, padding=1)
        self.up2 = nn.ConvTranspose2d(12, 1, 4, stride=2, padding=2)
        self.act = nn.LeakyReLU(0.1)

    def forward(self, z):
        x = self.act(self.dense(z)).view(-1, 24, 4, 4)
        return self.up2(self.act(self.up1(x)))


def without_labels(batch):
    images = torch.stack(batch)
    return images, images


def explained(logits, images):
    error = (logits.sigmoid() - images).square().mean()
    return (1 - error / (images - images.mean(0)).square().mean()).item()


def make(seed=0):
    torch.manual_seed(seed)
    (images, _), (held_out, _) = data.mnist(1600, side=14)
    model = nn.Sequential(Encoder(24), Decoder(24))
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=4e-3),
        "train": DataLoader(
            list(images), batch_size=32, shuffle=True, collate_fn=without_labels
        ),
        "val": DataLoader(list(held_out), batch_size=128, collate_fn=without_labels),
        "epochs": 20,
        "metric": explained,
    }
