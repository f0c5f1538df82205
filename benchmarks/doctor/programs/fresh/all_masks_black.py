"""One pixel in a hundred is foreground: the network answers with black masks only."""

import torch
from torch import nn

SOURCE = "https://github.com/jakeret/tf_unet/issues/234"
CAUSES = ("class_imbalance",)


def spots(count, seed, side=20):
    """Faint bright spots of five pixels under noise, and their masks."""
    g = torch.Generator().manual_seed(seed)
    masks = torch.zeros(count, 1, side, side)
    for i in range(count):
        r, c = torch.randint(2, side - 2, (2,), generator=g).tolist()
        masks[i, 0, r - 1 : r + 2, c] = 1
        masks[i, 0, r, c - 1 : c + 2] = 1
    return 1.2 * masks + 0.6 * torch.randn(masks.shape, generator=g), masks


def dice(logits, masks):
    found = (logits > 0).float()
    both = (found * masks).sum()
    return float((2 * both + 1e-6) / (found.sum() + masks.sum() + 1e-6))


class TinyUNet(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, c, 3, padding=1), nn.ReLU())
        self.middle = nn.Sequential(
            nn.MaxPool2d(2), nn.Conv2d(c, 2 * c, 3, padding=1), nn.ReLU(),
            nn.Upsample(scale_factor=2),
        )  # fmt: skip
        self.up = nn.Sequential(
            nn.Conv2d(3 * c, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, 1, 1)
        )

    def forward(self, x):
        skip = self.down(x)
        return self.up(torch.cat([skip, self.middle(skip)], dim=1))


def make(seed, pos_weight):
    torch.manual_seed(seed)
    net = TinyUNet()
    return {
        "model": net,
        "loss_fn": nn.BCEWithLogitsLoss(pos_weight=pos_weight),
        "optimizer": torch.optim.SGD(net.parameters(), lr=0.08, momentum=0.9),
        "train": spots(240, seed=100),
        "val": spots(80, seed=101),
        "batch_size": 16,
        "epochs": 15,
        "metric": dice,
    }


def make_faulty(seed=0):
    return make(seed, pos_weight=None)


def make_fixed(seed=0):
    return make(seed, pos_weight=torch.tensor(10.0))
