"""A small ConvMixer with labels smoothed by 0.1; its weights decay, norms and biases do not."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


class Residual(nn.Module):
    def __init__(self, fn):
        super().__init__()
        self.fn = fn

    def forward(self, x):
        return self.fn(x) + x


def conv_mixer(dim, depth, kernel_size=3, patch_size=2, n_classes=10):
    def activated(conv):
        return nn.Sequential(conv, nn.GELU(), nn.BatchNorm2d(dim))

    layers = [activated(nn.Conv2d(1, dim, patch_size, stride=patch_size))]
    for _ in range(depth):
        depthwise = nn.Conv2d(dim, dim, kernel_size, groups=dim, padding="same")
        layers += [Residual(activated(depthwise)), activated(nn.Conv2d(dim, dim, 1))]
    pooled = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(dim, n_classes)]
    return nn.Sequential(*layers, *pooled)


def parameter_groups(model, weight_decay):
    """Vectors are biases and what norms scale by; they are not to decay."""
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]


def make(seed=0):
    torch.manual_seed(seed)
    model = conv_mixer(dim=40, depth=3)
    optimizer = torch.optim.AdamW(parameter_groups(model, 0.05), lr=5e-3)

    def loader(pair, **options):
        images, ids = pair
        return DataLoader(TensorDataset((images - 0.13) / 0.31, ids), **options)

    train, val = data.mnist(2000, side=14)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(label_smoothing=0.1),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=8),
        "train": loader(train, batch_size=50, shuffle=True),
        "val": loader(val, batch_size=250),
        "epochs": 8,
        "metric": "accuracy",
    }
