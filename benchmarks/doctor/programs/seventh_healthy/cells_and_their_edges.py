"""Cells that touch, kept apart by a class for their edges: a U-Net and weighted classes."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def tissue(n, seed, side=32, cells=5):
    g = torch.Generator().manual_seed(seed)
    axis = torch.arange(side).float()
    center = torch.rand(n, cells, 2, generator=g) * (side - 8) + 4
    radius = torch.rand(n, cells, generator=g) * 3 + 3.5
    dy = axis[:, None] - center[..., 0, None, None]
    dx = axis[None, :] - center[..., 1, None, None]
    depth = radius[..., None, None] - (dy**2 + dx**2).sqrt()
    best = depth.topk(2, dim=1).values
    inside = best[:, 0] > 0
    # The edge is where a cell ends, and where it meets the next one.
    edge = inside & ((best[:, 0] < 1.2) | (best[:, 0] - best[:, 1] < 1.2))
    mask = inside.long() + edge.long()
    bright = torch.tensor([0.3, 0.55, 0.65])[mask]
    light = 0.8 + 0.4 * torch.rand(n, 1, 1, generator=g)
    images = bright * light + 0.12 * torch.randn(mask.shape, generator=g)
    return TensorDataset((images[:, None] - 0.45) / 0.2, mask)


def block(n_in, n_out):
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, padding=1), nn.GroupNorm(4, n_out), nn.SiLU(),
        nn.Conv2d(n_out, n_out, 3, padding=1), nn.GroupNorm(4, n_out), nn.SiLU(),
    )  # fmt: skip


class Unet(nn.Module):
    def __init__(self, widths=(8, 16, 24), classes=3):
        super().__init__()
        self.encoder = nn.ModuleList(
            block(a, b) for a, b in zip((1, *widths), widths, strict=False)
        )
        pairs = list(zip(widths[::-1], widths[-2::-1], strict=False))
        self.ups = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, stride=2) for a, b in pairs)
        self.decoder = nn.ModuleList(block(2 * b, b) for _, b in pairs)
        self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x):
        skips = []
        for i, enc in enumerate(self.encoder):
            x = enc(x if i == 0 else nn.functional.max_pool2d(x, 2))
            skips.append(x)
        skips.pop()
        for up, dec in zip(self.ups, self.decoder, strict=True):
            x = dec(torch.cat([up(x), skips.pop()], dim=1))
        return self.head(x)


def mean_iou(logits, mask):
    pred = logits.argmax(1)
    both = [((pred == k) & (mask == k)).sum() for k in range(3)]
    either = [((pred == k) | (mask == k)).sum() for k in range(3)]
    return float(sum(b / e.clamp(min=1) for b, e in zip(both, either, strict=True)) / 3)


def make(seed=0):
    torch.manual_seed(seed)
    train, val = tissue(160, 1), tissue(50, 2)
    counts = torch.bincount(train.tensors[1].flatten(), minlength=3)
    weight = (counts.sum() / counts).sqrt()
    net = Unet()
    opt = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=1e-3)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(weight=weight / weight.mean()),
        "optimizer": opt,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(opt, 12),
        "train": DataLoader(train, batch_size=8, shuffle=True),
        "val": DataLoader(val, batch_size=25),
        "epochs": 12,
        "metric": mean_iou,
    }
