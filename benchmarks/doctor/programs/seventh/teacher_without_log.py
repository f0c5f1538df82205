"""nn.KLDivLoss gets the softmax of the student's scores where it wants their log-softmax."""

import torch
from torch import nn

SOURCE = "https://github.com/sebastian-hofstaetter/matchmaker/issues/18"
CAUSES = ("loss_mismatch",)

DIM, LIST_SIZE = 12, 8


class KLDivTeacherList(nn.Module):
    """Compares a list of scored passages with the scores that a teacher gave them."""

    def __init__(self, in_log_space):
        super().__init__()
        self.kl = nn.KLDivLoss(reduction="batchmean")
        self.in_log_space = in_log_space

    def forward(self, scores, labels):
        if self.in_log_space:
            return self.kl(scores.log_softmax(-1), labels.softmax(-1))
        return self.kl(scores.softmax(-1), labels.softmax(-1))


class Ranker(nn.Module):
    """Scores each passage of a list against the query."""

    def __init__(self, dim=DIM, hidden=64):
        super().__init__()
        self.query = nn.Linear(dim, hidden)
        self.passage = nn.Linear(dim, hidden)
        self.score = nn.Sequential(
            nn.Linear(3 * hidden, hidden), nn.GELU(), nn.Linear(hidden, 1)
        )

    def forward(self, query, passages):
        q = self.query(query)[:, None].expand(-1, LIST_SIZE, -1)
        p = self.passage(passages)
        return self.score(torch.cat([q, p, q * p], dim=-1)).squeeze(-1)


def teacher_lists(n=2400):
    draws = torch.Generator().manual_seed(21)
    query = torch.randn(n, DIM, generator=draws)
    passages = torch.randn(n, LIST_SIZE, DIM, generator=draws)
    match = torch.randn(DIM, DIM, generator=draws) / DIM
    scores = torch.einsum("nd,de,nle->nl", query, match, passages)
    scores = 2 * scores.tanh() + 0.7 * passages[..., :3].sum(-1).sin()
    inputs = {"query": query, "passages": passages}
    cut = n * 3 // 4
    train = ({k: v[:cut] for k, v in inputs.items()}, scores[:cut])
    return train, ({k: v[cut:] for k, v in inputs.items()}, scores[cut:])


def information_kept(scores, labels):
    """One for the teacher's own distributions, zero for all passages alike."""
    truth = labels.softmax(-1)
    kl = (truth * (labels.log_softmax(-1) - scores.log_softmax(-1))).sum(-1).mean()
    flat = torch.full_like(scores, 1 / LIST_SIZE).log()
    return float(1 - kl / (truth * (labels.log_softmax(-1) - flat)).sum(-1).mean())


def make(seed, in_log_space):
    torch.manual_seed(seed)
    train, val = teacher_lists()
    model = Ranker()
    return {
        "model": model,
        "loss_fn": KLDivTeacherList(in_log_space),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=2e-3),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 12,
        "metric": information_kept,
    }


def make_faulty(seed=0):
    return make(seed, in_log_space=False)


def make_fixed(seed=0):
    return make(seed, in_log_space=True)
