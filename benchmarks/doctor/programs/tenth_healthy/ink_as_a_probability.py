"""A convolutional autoencoder: logits of 14 by 14 pixels, a cross entropy for each of them."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

import data


class ConvAutoencoder(nn.Module):
    def __init__(self, latent=20):
        super().__init__()
        self.enc1 = nn.Conv2d(1, 16, 4, stride=2, padding=1)
        self.enc2 = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.to_latent = nn.Linear(32 * 4 * 4, latent)
        self.from_latent = nn.Linear(latent, 32 * 4 * 4)
        self.dec1 = nn.ConvTranspose2d(32, 16, 3, stride=2, padding=1)
        self.dec2 = nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1)

    def forward(self, x):
        x = F.elu(self.enc2(F.elu(self.enc1(x))))
        z = self.to_latent(x.flatten(1))
        x = F.elu(self.from_latent(z)).view(-1, 32, 4, 4)
        return self.dec2(F.elu(self.dec1(x)))


def image_and_itself(batch):
    images = torch.stack(batch)
    return images, images


def share_of_variance(logits, images):
    """Of what the mean image leaves, how much the reconstruction explains."""
    left = (logits.sigmoid() - images).square().sum()
    return (1 - left / (images - images.mean(0)).square().sum()).item()


def make(seed=0):
    torch.manual_seed(seed)
    (images, _), (val_images, _) = data.mnist(2000, side=14)
    model = ConvAutoencoder()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 5, gamma=0.5),
        "train": DataLoader(
            list(images), batch_size=32, shuffle=True, collate_fn=image_and_itself
        ),
        "val": DataLoader(list(val_images), batch_size=700, collate_fn=image_and_itself),
        "epochs": 14,
        "metric": share_of_variance,
    }
