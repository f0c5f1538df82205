"""A U-Net ends in a sigmoid, and its loss and its score take another sigmoid of that.

What they take for logits is never negative, so that no pixel can be background.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "http://www.dtcms.com/a/394596.html"
CAUSES = ("output_activation", "loss_mismatch")

SIDE = 24


class Notes(Dataset):
    """Ruled paper with a digit and a stain; the mask holds the ink of the digit only."""

    def __init__(self, pair, seed):
        images, _ = pair
        draws = torch.Generator().manual_seed(seed)
        y, x = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
        self.samples = []
        for image in images[:, 0]:
            top, left = torch.randint(SIDE - 14, (2,), generator=draws).tolist()
            line, row, column = torch.randint(2, SIDE - 2, (3,), generator=draws).tolist()
            kinds = torch.zeros(SIDE, SIDE, dtype=torch.long)
            kinds[line % 6 :: 6] = 1
            kinds[(y - row) ** 2 + (x - column) ** 2 < 7] = 3
            kinds[top : top + 14, left : left + 14][image > 0.4] = 2
            gray = torch.tensor([0.0, 0.7, 0.8, 0.5])[kinds]
            noise = 0.1 * torch.randn(SIDE, SIDE, generator=draws)
            self.samples.append(((gray + noise)[None], (kinds == 2)[None].float()))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        return self.samples[i]


def block(in_channels, out_channels):
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.LeakyReLU(0.1, inplace=True),
        nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.LeakyReLU(0.1, inplace=True),
    )


class UNet(nn.Module):
    def __init__(self, n_class, has_sigmoid):
        super().__init__()
        self.down1, self.down2, self.bottom = block(1, 12), block(12, 16), block(16, 24)
        self.pool = nn.MaxPool2d(2)
        self.upconv2, self.up2 = nn.ConvTranspose2d(24, 16, 2, stride=2), block(32, 16)
        self.upconv1, self.up1 = nn.ConvTranspose2d(16, 12, 2, stride=2), block(24, 12)
        self.last = nn.Conv2d(12, n_class, 1)
        self.activation = nn.Sigmoid() if has_sigmoid else nn.Identity()

    def forward(self, x):
        conv1 = self.down1(x)
        conv2 = self.down2(self.pool(conv1))
        x = self.bottom(self.pool(conv2))
        x = self.up2(torch.cat([self.upconv2(x), conv2], dim=1))
        x = self.up1(torch.cat([self.upconv1(x), conv1], dim=1))
        return self.activation(self.last(x))


def iou(logits, masks):
    guesses, masks = torch.sigmoid(logits) > 0.5, masks > 0.5
    return float((guesses & masks).sum() / (guesses | masks).sum())


def make(seed, has_sigmoid, epochs=8):
    torch.manual_seed(seed)
    train, val = data.mnist(360, side=14)
    model = UNet(1, has_sigmoid)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": optimizer,
        "train": DataLoader(Notes(train, 0), batch_size=12, shuffle=True),
        "val": DataLoader(Notes(val, 1), batch_size=250),
        "epochs": epochs,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        "metric": iou,
    }


def make_faulty(seed=0):
    return make(seed, has_sigmoid=True)


def make_fixed(seed=0):
    return make(seed, has_sigmoid=False)
