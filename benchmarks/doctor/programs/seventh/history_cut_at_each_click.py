"""A session is read click by click; its hidden state is detached at each of them."""

import torch
from torch import nn

SOURCE = "https://github.com/yhs968/pyGRU4REC/issues/8"
CAUSES = ("gradient_wiring",)
ITEMS, SPECIAL = 24, 6


def click_sessions(n, length, seed):
    """Sessions of clicks; what is bought is the special item that was seen, in its color."""
    rng = torch.Generator().manual_seed(seed)
    clicks = torch.randint(SPECIAL + 2, ITEMS, (n, length), generator=rng)
    special = torch.randint(0, SPECIAL, (n,), generator=rng)
    color = torch.randint(0, 2, (n,), generator=rng)
    rows = torch.arange(n)
    clicks[rows, torch.randint(0, 4, (n,), generator=rng)] = special
    clicks[rows, torch.randint(4, length - 2, (n,), generator=rng)] = SPECIAL + color
    return clicks, special * 2 + color


class GRU4REC(nn.Module):
    def __init__(self, hidden_size, *, detach):
        super().__init__()
        self.hidden_size = hidden_size
        self.detach = detach
        self.emb = nn.Embedding(ITEMS, 16)
        self.gru = nn.GRUCell(16, hidden_size)
        self.h2o = nn.Linear(hidden_size, SPECIAL * 2)

    def reset_hidden(self, batch_size):
        return torch.zeros(batch_size, self.hidden_size)

    def forward(self, clicks):
        hidden = self.reset_hidden(len(clicks))
        for embedded in self.emb(clicks).unbind(1):
            if self.detach:
                hidden = hidden.detach()
            hidden = self.gru(embedded, hidden)
        return self.h2o(hidden)


def make(seed, *, detach):
    torch.manual_seed(seed)
    model = GRU4REC(48, detach=detach)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": click_sessions(1600, 12, seed=1),
        "val": click_sessions(500, 12, seed=2),
        "batch_size": 50,
        "epochs": 10,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, detach=True)


def make_fixed(seed=0):
    return make(seed, detach=False)
