"""A small Transformer reads a digit as 14 rows and 14 columns, averaged at the end."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

import data


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        n, length, dim = x.shape
        qkv = self.qkv(x).view(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*qkv)
        return self.proj(mixed.transpose(1, 2).reshape(n, length, dim))


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = Attention(dim, heads)
        self.mlp = nn.Sequential(
            nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim)
        )

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class StripeTransformer(nn.Module):
    def __init__(self, side=14, dim=32, depth=2, classes=10):
        super().__init__()
        self.stripe = nn.Linear(side, dim)
        self.position = nn.Parameter(torch.randn(2 * side, dim) * 0.3)
        self.blocks = nn.Sequential(*[Block(dim, heads=4) for _ in range(depth)])
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(dim, classes)

    def forward(self, images):
        rows = images.squeeze(1)
        stripes = torch.cat([rows, rows.transpose(1, 2)], dim=1)
        x = self.dropout(self.stripe(stripes) + self.position)
        return self.head(self.norm(self.blocks(x)).mean(1))


def warmup_then_cosine(epoch, warmup=1, epochs=8):
    if epoch < warmup:
        return (epoch + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * (epoch - warmup) / (epochs - warmup)))


def make(seed=0):
    torch.manual_seed(seed)
    (x, y), (x_val, y_val) = data.mnist(4500, side=14)
    model = StripeTransformer()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=4e-3, betas=(0.9, 0.98), weight_decay=0.05
    )
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(label_smoothing=0.05),
        "optimizer": optimizer,
        "train": ((x - 0.13) / 0.31, y),
        "val": ((x_val - 0.13) / 0.31, y_val),
        "batch_size": 64,
        "epochs": 8,
        "scheduler": torch.optim.lr_scheduler.LambdaLR(optimizer, warmup_then_cosine),
        "metric": "accuracy",
    }
