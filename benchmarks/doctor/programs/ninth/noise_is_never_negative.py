"""A diffusion model tells the noise in a digit; its last layer is a block with a ReLU."""

import math

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/duanyiqun/DiffusionDepth/issues/15"
CAUSES = ("output_activation",)

T = 100


def cosine_schedule():
    s = torch.arange(T + 1) / T
    f = torch.cos((s + 0.008) / 1.008 * math.pi / 2) ** 2
    return (f / f[0])[1:].clamp(min=1e-3)


class NoisyDigits(Dataset):
    """(x_t, t) and the noise in it: drawn anew in each epoch, always the same to validate."""

    def __init__(self, images, fixed=False):
        self.x0 = images.view(-1, 1, 8, 8) * 2 - 1
        self.alphas_cumprod = cosine_schedule()
        self.fixed = fixed

    def __len__(self):
        return len(self.x0)

    def __getitem__(self, i):
        g = torch.Generator().manual_seed(i) if self.fixed else None
        t = torch.randint(T, (1,), generator=g)
        noise = torch.randn(1, 8, 8, generator=g)
        a = self.alphas_cumprod[t].view(1, 1, 1)
        return (a.sqrt() * self.x0[i] + (1 - a).sqrt() * noise, t / T), noise


def conv_block(n_in, n_out):
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, padding=1), nn.BatchNorm2d(n_out), nn.ReLU()
    )


class Denoiser(nn.Module):
    def __init__(self, ch=16, last_relu=False):
        super().__init__()
        self.time = nn.Sequential(nn.Linear(1, 32), nn.SiLU(), nn.Linear(32, 2 * ch))
        self.inc = conv_block(1, ch)
        self.down = nn.Sequential(nn.MaxPool2d(2), conv_block(ch, 2 * ch))
        self.mid = conv_block(2 * ch, 2 * ch)
        self.up = nn.ConvTranspose2d(2 * ch, ch, 2, stride=2)
        self.fuse = conv_block(2 * ch, ch)
        pred = [nn.Conv2d(ch, 1, 3, padding=1), nn.BatchNorm2d(1)]
        if last_relu:
            pred.append(nn.ReLU())
        self.pred = nn.Sequential(*pred)

    def forward(self, x, t):
        skip = self.inc(x)
        h = self.down(skip) + self.time(t)[:, :, None, None]
        h = self.up(self.mid(h))
        return self.pred(self.fuse(torch.cat([skip, h], dim=1)))


def make(seed, last_relu):
    torch.manual_seed(seed)
    (images, _), (val_images, _) = data.digits()
    model = Denoiser(last_relu=last_relu)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=4e-3),
        "train": DataLoader(NoisyDigits(images), batch_size=64, shuffle=True),
        "val": DataLoader(NoisyDigits(val_images, fixed=True), batch_size=150),
        "epochs": 12,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, last_relu=True)


def make_fixed(seed=0):
    return make(seed, last_relu=False)
