"""A student ranks lists as its teacher does; nn.KLDivLoss gets its softmax, not the log of it.

The loss is negative, and best where the first place takes everything: the rest has no order.
"""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

SOURCE = "https://github.com/sebastian-hofstaetter/matchmaker/issues/18"
CAUSES = ("loss_mismatch", "numerics", "output_activation")


class Lists(Dataset):
    """Queries, eight documents each, and what a teacher thinks of every one of them."""

    def __init__(self, n, seed, docs=8, dim=12):
        rng = torch.Generator().manual_seed(seed)
        world = torch.Generator().manual_seed(100)
        q = torch.randn(n, 1, dim, generator=rng)
        d = torch.randn(n, docs, dim, generator=rng)
        aspects = torch.randn(dim, 3, generator=world) / dim**0.5
        match = torch.tanh(q @ aspects) * torch.tanh(d @ aspects)
        self.query, self.docs = q[:, 0], d
        self.scores = 2 * match.sum(-1) + torch.sin(2 * d[..., 0])

    def __len__(self):
        return len(self.query)

    def __getitem__(self, i):
        return (self.query[i], self.docs[i]), self.scores[i]


class Student(nn.Module):
    def __init__(self, dim=12, hidden=64):
        super().__init__()
        self.q_proj = nn.Linear(dim, dim)
        self.d_proj = nn.Linear(dim, dim)
        self.mlp = nn.Sequential(
            nn.Linear(3 * dim, hidden), nn.ReLU(),
            nn.Linear(hidden, hidden), nn.ReLU(),
            nn.Linear(hidden, 1),
        )  # fmt: skip

    def forward(self, query, docs):
        q = torch.tanh(self.q_proj(query))[:, None].expand(-1, docs.shape[1], -1)
        d = torch.tanh(self.d_proj(docs))
        return self.mlp(torch.cat([q * d, q, docs], dim=-1)).squeeze(-1)


class KLDivTeacherList(nn.Module):
    def __init__(self, log):
        super().__init__()
        self.kl = nn.KLDivLoss(reduction="batchmean")
        self.log = log

    def forward(self, scores, labels):
        student = scores.log_softmax(-1) if self.log else scores.softmax(-1)
        return self.kl(student, labels.softmax(-1))


def pairs_in_order(scores, labels):
    """Share of pairs of documents that are in the order of the teacher."""
    mine = scores[:, :, None] - scores[:, None]
    wanted = labels[:, :, None] - labels[:, None]
    return float((mine * wanted > 0)[wanted != 0].float().mean())


def make(seed, log):
    torch.manual_seed(seed)
    student = Student()
    return {
        "model": student,
        "loss_fn": KLDivTeacherList(log),
        "optimizer": torch.optim.Adam(student.parameters(), lr=3e-3),
        "train": DataLoader(Lists(2500, 1), batch_size=50, shuffle=True),
        "val": DataLoader(Lists(500, 2), batch_size=100),
        "epochs": 15,
        "metric": pairs_in_order,
    }


def make_faulty(seed=0):
    return make(seed, log=False)


def make_fixed(seed=0):
    return make(seed, log=True)
