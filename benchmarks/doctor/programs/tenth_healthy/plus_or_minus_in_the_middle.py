"""A GRU reads sums and differences of spelled numbers, word by word, and returns the value."""

import torch
from torch import nn

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
)
ONES = (ONES + " fifteen sixteen seventeen eighteen nineteen").split()
TENS = [
    "-",
    "-",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
]
WORDS = {word: i for i, word in enumerate(["<pad>", "plus", "minus", *ONES, *TENS[2:]])}


def words_of(n):
    if n < 20:
        return [ONES[n]]
    return [TENS[n // 10]] + ([ONES[n % 10]] if n % 10 else [])


def terms(size, seed):
    draws = torch.Generator().manual_seed(seed)
    rows, values = torch.zeros(size, 5, dtype=torch.long), torch.zeros(size, 1)
    for i, (a, b) in enumerate(torch.randint(100, (size, 2), generator=draws).tolist()):
        sign = int(torch.randint(2, (), generator=draws)) * 2 - 1
        operator = "plus" if sign > 0 else "minus"
        ids = [WORDS[word] for word in [*words_of(a), operator, *words_of(b)]]
        rows[i, 5 - len(ids) :] = torch.tensor(ids)
        values[i] = (a + sign * b) / 50
    return rows, values


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(WORDS), 16, padding_idx=0)
        self.gru = nn.GRU(16, 48, batch_first=True)
        self.out = nn.Linear(48, 1)

    def forward(self, x):
        _, h = self.gru(self.embedding(x))
        return self.out(h.squeeze(0))


def make(seed=0):
    torch.manual_seed(seed)
    model = Reader()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return {
        "model": model,
        "loss_fn": nn.SmoothL1Loss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, step_size=6, gamma=0.4),
        "train": terms(2000, seed=1),
        "val": terms(500, seed=2),
        "batch_size": 32,
        "epochs": 18,
        "metric": "r2",
    }
