"""A small transformer puts eight numbers in order: each place asks for its rank."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Shuffled(Dataset):
    """Eight numbers below sixteen in any order, and the same ones from small to large."""

    def __init__(self, count, seed, length=8, symbols=16):
        g = torch.Generator().manual_seed(seed)
        self.rows = torch.randint(0, symbols, (count, length), generator=g)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        row = self.rows[index]
        return row, row.sort().values


class Sorter(nn.Module):
    def __init__(self, symbols=16, length=8, d_model=48, nhead=4):
        super().__init__()
        self.token = nn.Embedding(symbols, d_model)
        self.place = nn.Parameter(0.1 * torch.randn(1, length, d_model))
        layer = nn.TransformerEncoderLayer(
            d_model, nhead, 2 * d_model, dropout=0.0, activation="gelu",
            batch_first=True, norm_first=True,
        )  # fmt: skip
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.LayerNorm(d_model), nn.Linear(d_model, symbols))

    def forward(self, x):
        return self.head(self.encoder(self.token(x) + self.place))


def token_loss(logits, y):
    return nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), y.reshape(-1))


def token_accuracy(logits, y):
    return (logits.argmax(dim=-1) == y).float().mean().item()


def make(seed=0):
    torch.manual_seed(seed)
    model = Sorter()
    epochs = 14
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    return {
        "model": model,
        "loss_fn": token_loss,
        "optimizer": optimizer,
        "scheduler": scheduler,
        "train": DataLoader(Shuffled(2000, seed=1), batch_size=50, shuffle=True),
        "val": DataLoader(Shuffled(400, seed=2), batch_size=200),
        "epochs": epochs,
        "metric": token_accuracy,
    }
