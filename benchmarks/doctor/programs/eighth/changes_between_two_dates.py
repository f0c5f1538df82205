"""Changes between two pictures of a place cover three pixels in a hundred, and blur with noise.

Cross-entropy without a weight is content to say that nothing has changed.
"""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

SOURCE = "https://github.com/AndreaCodegoni/Tiny_model_4_CD/issues/16"
CAUSES = ("class_imbalance",)


class Places(Dataset):
    """Two pictures of each place, from different days, and a mask of what was built between."""

    def __init__(self, n, seed, side=20, noise=1.0):
        g = torch.Generator().manual_seed(seed)
        ground = torch.rand(n, 1, side // 4, side // 4, generator=g)
        ground = nn.functional.interpolate(ground, size=side, mode="bilinear")
        self.mask = torch.zeros(n, 1, side, side)
        for i in range(n):
            for _ in range(int(torch.randint(0, 3, (1,), generator=g))):
                r, c = torch.randint(0, side - 4, (2,), generator=g).tolist()
                h, w = torch.randint(3, 5, (2,), generator=g).tolist()
                self.mask[i, 0, r : r + h, c : c + w] = 1
        light = 0.1 * torch.randn(n, 1, 1, 1, generator=g)
        self.before = ground + noise * torch.randn(ground.shape, generator=g)
        self.after = ground + light + self.mask
        self.after += noise * torch.randn(ground.shape, generator=g)

    def __len__(self):
        return len(self.mask)

    def __getitem__(self, i):
        return (self.before[i], self.after[i]), self.mask[i]


class ChangeClassifier(nn.Module):
    """One backbone for both dates, mixed by their difference."""

    def __init__(self, ch=16):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, ch, 3, padding=1), nn.BatchNorm2d(ch), nn.PReLU(),
            nn.Conv2d(ch, ch, 3, padding=1), nn.BatchNorm2d(ch),
        )  # fmt: skip
        self.mixing = nn.Sequential(
            nn.PReLU(), nn.Conv2d(ch, ch, 3, padding=1), nn.BatchNorm2d(ch), nn.PReLU(),
            nn.Conv2d(ch, 1, 1),
        )  # fmt: skip

    def forward(self, before, after):
        return self.mixing(self.backbone(after) - self.backbone(before))


def f1_of_changes(out, mask):
    found = out > 0
    true = mask > 0
    both = (found & true).sum()
    return float(2 * both / (found.sum() + true.sum()).clamp(min=1))


def make(seed, pos_weight):
    torch.manual_seed(seed)
    net = ChangeClassifier()
    weight = torch.tensor([pos_weight]) if pos_weight else None
    optimizer = torch.optim.AdamW(net.parameters(), lr=5e-3)
    return {
        "model": net,
        "loss_fn": nn.BCEWithLogitsLoss(pos_weight=weight),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=12),
        "train": DataLoader(Places(320, seed=1), batch_size=16, shuffle=True),
        "val": DataLoader(Places(160, seed=2), batch_size=80),
        "epochs": 12,
        "metric": f1_of_changes,
    }


def make_faulty(seed=0):
    return make(seed, pos_weight=None)


def make_fixed(seed=0):
    return make(seed, pos_weight=4.0)
