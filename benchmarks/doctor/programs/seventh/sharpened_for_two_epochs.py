"""A network that takes the blur from images is trained for two epochs: they are still gray."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/RaphaelMeudec/deblur-gan/issues/39"
CAUSES = ("epochs_few",)


class BlurredImages(Dataset):
    def __init__(self, sharp, seed):
        g = torch.Generator().manual_seed(seed)
        kernel = torch.ones(1, 1, 1, 5) / 5
        blurred = F.conv2d(sharp, kernel, padding=(0, 2))
        blurred = F.conv2d(blurred, kernel.transpose(2, 3), padding=(2, 0))
        self.blurred = blurred + 0.01 * torch.randn(blurred.shape, generator=g)
        self.sharp = sharp

    def __len__(self):
        return len(self.sharp)

    def __getitem__(self, index):
        return self.blurred[index], self.sharp[index]


class Generator(nn.Module):
    def __init__(self, ngf=8, n_blocks=2):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(1, ngf, 5, padding=2), nn.ReLU())
        self.down = nn.Sequential(nn.Conv2d(ngf, 2 * ngf, 4, 2, padding=1), nn.ReLU())
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(2 * ngf, 2 * ngf, 3, padding=1),
                nn.ReLU(),
                nn.Conv2d(2 * ngf, 2 * ngf, 3, padding=1),
            )
            for _ in range(n_blocks)
        )
        self.up = nn.Sequential(
            nn.ConvTranspose2d(2 * ngf, ngf, 4, 2, padding=1), nn.ReLU()
        )
        self.last = nn.Conv2d(ngf, 1, 5, padding=2)

    def forward(self, x):
        h = self.down(self.first(x))
        for block in self.blocks:
            h = h + block(h)
        return self.last(self.up(h))


def explained(output, sharp):
    residual = (output - sharp).square().sum()
    return float(1 - residual / (sharp - sharp.mean(0)).square().sum())


def make(seed, epoch_num):
    torch.manual_seed(seed)
    (train, _), (test, _) = data.mnist(900, side=14)
    model = Generator()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": DataLoader(BlurredImages(train, 1), batch_size=16, shuffle=True),
        "val": DataLoader(BlurredImages(test, 2), batch_size=100),
        "epochs": epoch_num,
        "metric": explained,
    }


def make_faulty(seed=0):
    return make(seed, epoch_num=2)


def make_fixed(seed=0):
    return make(seed, epoch_num=15)
