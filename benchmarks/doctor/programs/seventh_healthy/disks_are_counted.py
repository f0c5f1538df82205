"""How many disks an image shows: a map of rates, added up, and a Poisson likelihood."""

import torch
from torch import nn

import data


def crowds(n=2000, side=20, most=6):
    """Noisy images with up to six small disks, which may lie upon each other."""
    g = torch.Generator().manual_seed(21)
    count = torch.randint(most + 1, (n,), generator=g)
    place = torch.rand(n, most, 2, 1, 1, generator=g) * (side - 5) + 2.5
    radius = torch.rand(n, most, 1, 1, generator=g) * 1.2 + 1.2
    bright = torch.rand(n, most, 1, 1, generator=g) * 2.4 + 0.6
    grid = torch.arange(side) + 0.5
    far = (grid[:, None] - place[:, :, 0]) ** 2 + (grid - place[:, :, 1]) ** 2
    shown = torch.arange(most) < count[:, None]
    disks = (far.sqrt() < radius) * bright * shown[:, :, None, None]
    image = disks.amax(1) + 0.15 * torch.randn(n, side, side, generator=g)
    return image[:, None], count.float()


class DensityMap(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, 5, padding=2), nn.ReLU(),
            nn.Conv2d(width, width, 5, stride=2, padding=2), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1), nn.ReLU(),
            nn.Conv2d(width, 1, 3, padding=1), nn.Softplus(),
        )  # fmt: skip
        nn.init.constant_(self.layers[-2].bias, -3.0)  # about five in all at first

    def forward(self, images):
        return self.layers(images).sum((1, 2, 3))


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.split(*crowds())
    model = DensityMap()
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    return {
        "model": model,
        "loss_fn": nn.PoissonNLLLoss(log_input=False),
        "optimizer": optimizer,
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 15,
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 6, gamma=0.3),
        "metric": "r2",
    }
