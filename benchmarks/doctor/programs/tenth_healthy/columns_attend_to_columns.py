"""Each column of a table is a token of a small transformer that predicts a number."""

import torch
from torch import nn

import data


class FeatureTokenizer(nn.Module):
    def __init__(self, columns, width):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(columns, width) / width**0.5)
        self.bias = nn.Parameter(torch.randn(columns, width) / width**0.5)
        self.cls = nn.Parameter(torch.zeros(1, 1, width))

    def forward(self, x):
        tokens = x.unsqueeze(-1) * self.weight + self.bias
        return torch.cat([self.cls.expand(len(x), -1, -1), tokens], dim=1)


class TableTransformer(nn.Module):
    def __init__(self, columns, width=32, heads=4, depth=2):
        super().__init__()
        self.tokenize = FeatureTokenizer(columns, width)
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout=0.0, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, x):
        return self.head(self.encoder(self.tokenize(x))[:, 0])


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.friedman(1600)
    model = TableTransformer(10)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-4)
    epochs = 18
    warm_up = torch.optim.lr_scheduler.LinearLR(optimizer, 0.2, total_iters=2)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs - 2)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.SequentialLR(
            optimizer, [warm_up, cosine], milestones=[2]
        ),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": epochs,
        "metric": "r2",
    }
