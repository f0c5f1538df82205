"""A U-Net of one dimension marks the two waves of each beat in a noisy signal."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

LENGTH = 128


def signals(count, seed):
    """Beats of a sharp peak and a broad wave, on a slow drift; classes 1 and 2."""
    draws = torch.Generator().manual_seed(seed)
    time = torch.arange(LENGTH).float()
    inputs, classes = torch.zeros(count, 1, LENGTH), torch.zeros(count, LENGTH).long()
    for i in range(count):
        phase, rate, at, gap = torch.rand(4, generator=draws).tolist()
        signal = 0.8 * torch.sin(6.28 * (phase + time * (0.5 + rate) / LENGTH))
        start, period = 4 + 20 * at, 30 + 14 * gap
        while start < LENGTH:
            wave = start + 0.4 * period
            signal = signal + 1.5 * (-((time - start) ** 2) / 3).exp()
            signal = signal + 0.6 * (-((time - wave) ** 2) / 20).exp()
            classes[i][(time - start).abs() < 3] = 1
            classes[i][(time - wave).abs() < 6] = 2
            start += period
        inputs[i, 0] = signal + 0.2 * torch.randn(LENGTH, generator=draws)
    return TensorDataset(inputs, classes)


class Double(nn.Sequential):
    def __init__(self, before, after):
        super().__init__(
            nn.Conv1d(before, after, 5, padding=2), nn.BatchNorm1d(after), nn.ReLU(),
            nn.Conv1d(after, after, 5, padding=2), nn.BatchNorm1d(after), nn.ReLU(),
        )  # fmt: skip


class UNet1d(nn.Module):
    def __init__(self, widths=(8, 16, 24)):
        super().__init__()
        a, b, c = widths
        self.down = nn.ModuleList([Double(1, a), Double(a, b), Double(b, c)])
        self.up = nn.ModuleList([Double(c + b, b), Double(b + a, a)])
        self.head = nn.Conv1d(a, 3, 1)

    def forward(self, x):
        fine = self.down[0](x)
        middle = self.down[1](F.max_pool1d(fine, 2))
        x = self.down[2](F.max_pool1d(middle, 2))
        for block, skip in zip(self.up, (middle, fine), strict=True):
            x = block(torch.cat([F.interpolate(x, scale_factor=2), skip], dim=1))
        return self.head(x)


def make(seed=0):
    torch.manual_seed(seed)
    model = UNet1d()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    weights = torch.tensor([0.5, 1.2, 1.0])
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(weight=weights),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 8),
        "train": DataLoader(signals(500, 1), batch_size=16, shuffle=True),
        "val": DataLoader(signals(150, 2), batch_size=50),
        "epochs": 8,
        "metric": "accuracy",
    }
