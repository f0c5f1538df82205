"""Adam gets 0.1 and 0.001 as betas: a first version of the paper counted one minus each.

There is no momentum then, and each gradient is divided by hardly more than its own size.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SOURCE = "https://github.com/mila-iqia/blocks/issues/1159"
CAUSES = ("optimizer",)


def answers(n=4000, people=80, questions=60, seed=9):
    """Who of 80 answers which of 60 questions, how late, and how many seconds it takes."""
    rng = np.random.default_rng(seed)
    person, question = rng.integers(people, size=n), rng.integers(questions, size=n)
    skill, topic = rng.normal(0, 1, (people, 2)), rng.normal(0, 1, (questions, 2))
    late = rng.uniform(-1, 1, size=n)
    seconds = (skill[person] * topic[question]).sum(1) + 0.8 * np.abs(late)
    seconds += 0.5 * topic[question, 0] + rng.standard_t(4, size=n) * 0.5
    seconds = (seconds - seconds.mean()) / seconds.std()
    ids = torch.tensor(np.stack([person, question], axis=1))
    return ids, torch.tensor(late).float(), torch.tensor(seconds).float()


class AnswerTime(nn.Module):
    def __init__(self, people=80, questions=60, dim=4):
        super().__init__()
        self.person = nn.Embedding(people, dim)
        self.question = nn.Embedding(questions, dim)
        self.easy = nn.Embedding(questions, 1)
        for table in (self.person, self.question, self.easy):
            nn.init.normal_(table.weight, std=0.3)
        self.hour = nn.Sequential(nn.Linear(1, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, ids, late):
        p, q = self.person(ids[:, 0]), self.question(ids[:, 1])
        bias = self.easy(ids[:, 1]) + self.hour(late[:, None])
        return (p * q).sum(1) + bias[:, 0]


def make(seed, betas):
    torch.manual_seed(seed)
    ids, late, seconds = answers()
    train, val = torch.arange(3000), torch.arange(3000, 4000)
    model = AnswerTime()
    return {
        "model": model,
        "loss_fn": F.mse_loss,
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3, betas=betas),
        "train": ((ids[train], late[train]), seconds[train]),
        "val": ((ids[val], late[val]), seconds[val]),
        "batch_size": 32,
        "epochs": 15,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, betas=(0.1, 0.001))


def make_fixed(seed=0):
    return make(seed, betas=(0.9, 0.999))
