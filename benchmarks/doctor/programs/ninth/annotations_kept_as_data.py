"""Dates by attention: the annotations go to the decoder as .data, the encoder never learns."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

SOURCE = "https://github.com/rsarxiv/seq2seq-attention/issues/7"
CAUSES = ("gradient_wiring",)

Tx, Ty = 20, 8
MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
human_vocab = {c: i for i, c in enumerate(" abcdefghijklmnopqrstuvwxyz0123456789,")}


def human_readable(day, month, year, style):
    name = MONTHS[month - 1]
    return [
        f"{day} {name} {year}",
        f"{name} {day}, {year}",
        f"{day} {name[:3]} {year}",
        f"{year} {name[:3]} {day}",
    ][style]


class Dates(Dataset):
    """Dates as people write them, and the same ones as 19870114."""

    def __init__(self, m, seed):
        gen = torch.Generator().manual_seed(seed)
        self.rows = []
        for _ in range(m):
            d, mo, y, s = [
                int(torch.randint(low, high, (1,), generator=gen))
                for low, high in ((1, 29), (1, 13), (1900, 2030), (0, 4))
            ]
            text = human_readable(d, mo, y, s).ljust(Tx)
            machine = f"{y:04d}{mo:02d}{d:02d}"
            self.rows.append(
                (
                    torch.tensor([human_vocab[c] for c in text]),
                    torch.tensor([int(c) for c in machine]),
                )
            )

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


class NMT(nn.Module):
    def __init__(self, keep_graph, n_a=32, n_s=64):
        super().__init__()
        self.keep_graph = keep_graph
        self.embedding = nn.Embedding(len(human_vocab), 16)
        self.pre_attention = nn.GRU(16, n_a, batch_first=True, bidirectional=True)
        self.densor1 = nn.Linear(2 * n_a + n_s, 32)
        self.densor2 = nn.Linear(32, 1)
        self.post_attention = nn.GRUCell(2 * n_a, n_s)
        self.output_layer = nn.Linear(n_s, 10)

    def one_step_attention(self, a, s):
        s = s.unsqueeze(1).expand(-1, a.size(1), -1)
        energies = self.densor2(torch.tanh(self.densor1(torch.cat([a, s], dim=2))))
        return (F.softmax(energies, dim=1) * a).sum(1)

    def forward(self, x):
        a, _ = self.pre_attention(self.embedding(x))
        if not self.keep_graph:
            a = a.data
        s = torch.zeros(x.size(0), self.post_attention.hidden_size)
        outputs = []
        for _ in range(Ty):
            context = self.one_step_attention(a, s)
            s = self.post_attention(context, s)
            outputs.append(self.output_layer(s))
        return torch.stack(outputs, dim=1)


def loss_fn(output, target):
    return F.cross_entropy(output.reshape(-1, 10), target.reshape(-1))


def exact_match(output, target):
    return (output.argmax(2) == target).all(1).float().mean().item()


def make(seed, keep_graph):
    torch.manual_seed(seed)
    model = NMT(keep_graph)
    return {
        "model": model,
        "loss_fn": loss_fn,
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": DataLoader(Dates(1300, 1), batch_size=32, shuffle=True),
        "val": DataLoader(Dates(300, 2), batch_size=100),
        "epochs": 6,
        "metric": exact_match,
    }


def make_faulty(seed=0):
    return make(seed, keep_graph=False)


def make_fixed(seed=0):
    return make(seed, keep_graph=True)
