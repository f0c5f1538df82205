"""Six dishes with their prices and one order: a transformer looks up what it costs."""

import torch
from torch import nn

import data


def menus(n=3000, dishes=12, prices=8, length=6, seed=21):
    """Rows of six dishes, then six prices; the ordered dish; the index of its price."""
    rng = torch.Generator().manual_seed(seed)
    menu = torch.rand(n, dishes, generator=rng).argsort(1)[:, :length]
    price = torch.randint(prices, (n, length), generator=rng)
    chosen = torch.randint(length, (n, 1), generator=rng)
    rows = torch.cat([menu, price, menu.gather(1, chosen)], dim=1)
    return data.split(rows, price.gather(1, chosen).squeeze(1))


class MenuTransformer(nn.Module):
    def __init__(self, dishes=12, prices=8, length=6, d=48):
        super().__init__()
        self.length = length
        self.dish = nn.Embedding(dishes, d)
        self.price = nn.Embedding(prices, d)
        self.order = nn.Parameter(torch.zeros(d))
        layer = nn.TransformerEncoderLayer(
            d, 4, 96, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(d)
        self.head = nn.Linear(d, prices)

    def forward(self, rows):
        menu, price, wish = rows.split([self.length, self.length, 1], dim=1)
        lines = self.dish(menu) + self.price(price)
        query = self.dish(wish) + self.order
        states = self.encoder(torch.cat([query, lines], dim=1))
        return self.head(self.norm(states[:, 0]))


def make(seed=0):
    torch.manual_seed(seed)
    train, val = menus()
    model = MenuTransformer()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 8,
        "metric": "accuracy",
    }
