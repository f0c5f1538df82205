"""An epoch of the trainer is ten batches of one scan, whatever there is; twenty are too few."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

import data

SOURCE = "https://github.com/jakeret/tf_unet/issues/168"
CAUSES = ("epochs_few",)


class ConvBlock(nn.Sequential):
    def __init__(self, cin, cout):
        super().__init__(
            nn.Conv2d(cin, cout, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(cout, cout, 3, padding=1),
            nn.ReLU(),
        )


class Unet(nn.Module):
    def __init__(self, channels=1, n_class=2, features_root=8):
        super().__init__()
        f = features_root
        self.d1, self.d2 = ConvBlock(channels, f), ConvBlock(f, 2 * f)
        self.d3 = ConvBlock(2 * f, 4 * f)
        self.up2 = nn.ConvTranspose2d(4 * f, 2 * f, 2, stride=2)
        self.u2 = ConvBlock(4 * f, 2 * f)
        self.up1 = nn.ConvTranspose2d(2 * f, f, 2, stride=2)
        self.u1 = ConvBlock(2 * f, f)
        self.out = nn.Conv2d(f, n_class, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        c = self.d3(F.max_pool2d(b, 2))
        b = self.u2(torch.cat([b, self.up2(c)], 1))
        a = self.u1(torch.cat([a, self.up1(b)], 1))
        return self.out(a)


def digits_in_clutter(pair, seed, side=20):
    """A digit on a ground of strokes of others; the mask is where the digit is."""
    g = torch.Generator().manual_seed(seed)
    images, masks = [], []
    for digit in pair[0]:
        r, c = torch.randint(side - 14 + 1, (2,), generator=g).tolist()
        scan = torch.zeros(1, side, side)
        for _ in range(4):
            k = int(torch.randint(len(pair[0]), (1,), generator=g))
            i, j = torch.randint(10, (2,), generator=g).tolist()
            m, n = torch.randint(side - 4, (2,), generator=g).tolist()
            scan[:, m : m + 4, n : n + 4] = pair[0][k][:, i : i + 4, j : j + 4]
        scan[:, r : r + 14, c : c + 14] = digit
        mask = torch.zeros(side, side, dtype=torch.long)
        mask[r : r + 14, c : c + 14] = (digit[0] > 0.3).long()
        images.append(scan + 0.2 * torch.randn(scan.shape, generator=g))
        masks.append(mask)
    return TensorDataset(torch.stack(images), torch.stack(masks))


def dice(output, target):
    pred = output.argmax(1)
    return (2 * (pred * target).sum() / (pred.sum() + target.sum()).clamp(min=1)).item()


class Trainer:
    """Carried over from TensorFlow: `training_iters` batches are called an epoch."""

    def __init__(self, net, batch_size=1, learning_rate=2e-3):
        self.net, self.batch_size = net, batch_size
        self.optimizer = torch.optim.Adam(net.parameters(), lr=learning_rate)

    def program(self, train, val, training_iters=10, epochs=20):
        sampler = RandomSampler(train, num_samples=training_iters * self.batch_size)
        return {
            "model": self.net,
            "loss_fn": nn.CrossEntropyLoss(),
            "optimizer": self.optimizer,
            "train": DataLoader(train, self.batch_size, sampler=sampler),
            "val": DataLoader(val, batch_size=50),
            "epochs": epochs,
            "metric": dice,
        }


def make(seed, **options):
    torch.manual_seed(seed)
    train, val = data.mnist(700, side=14)
    trainer = Trainer(Unet())
    return trainer.program(
        digits_in_clutter(train, seed=1), digits_in_clutter(val, seed=2), **options
    )


def make_faulty(seed=0):
    return make(seed)


def make_fixed(seed=0):
    return make(seed, training_iters=100)
