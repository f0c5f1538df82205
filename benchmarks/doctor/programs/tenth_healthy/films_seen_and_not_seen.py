"""Two towers of embeddings: which films somebody has seen, with as many drawn that were not."""

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

VIEWERS, FILMS = 200, 100


def seen(count=10_000):
    """Triples of viewer, film, and whether the viewer has seen it, half of them yes."""
    rng = np.random.default_rng(9)
    taste, genre = rng.normal(0, 1, (VIEWERS, 3)), rng.normal(0, 1, (FILMS, 3))
    affinity = 2.2 * taste @ genre.T + 0.7 * rng.normal(0, 1, FILMS)
    watched = rng.random((VIEWERS, FILMS)) < 1 / (1 + np.exp(-1.5 * affinity))
    yes, no = np.argwhere(watched), np.argwhere(~watched)
    yes = yes[rng.permutation(len(yes))[: count // 2]]
    no = no[rng.permutation(len(no))[: count // 2]]
    rows = np.concatenate([np.c_[yes, np.ones(len(yes))], np.c_[no, np.zeros(len(no))]])
    rows = torch.tensor(rows[rng.permutation(len(rows))])
    return rows[:, 0].long(), rows[:, 1].long(), rows[:, 2].float()


class TwoTowers(nn.Module):
    def __init__(self, dim=4):
        super().__init__()
        self.viewers = nn.Embedding(VIEWERS, dim)
        self.films = nn.Embedding(FILMS, dim)
        self.viewer_tower = nn.Linear(dim, dim)
        self.film_tower = nn.Linear(dim, dim)
        self.popularity = nn.Embedding(FILMS, 1)
        nn.init.normal_(self.viewers.weight, std=0.3)
        nn.init.normal_(self.films.weight, std=0.3)
        nn.init.zeros_(self.popularity.weight)

    def forward(self, viewer, film):
        u = self.viewer_tower(self.viewers(viewer))
        v = self.film_tower(self.films(film))
        return (u * v).sum(-1) + self.popularity(film).squeeze(-1)


def auc(scores, labels):
    return float(roc_auc_score(labels.cpu().numpy(), scores.detach().cpu().numpy()))


def collate(batch):
    viewer, film, label = (torch.stack(column) for column in zip(*batch, strict=True))
    return (viewer, film), label


def make(seed=0):
    torch.manual_seed(seed)
    columns = seen()
    train = TensorDataset(*[c[:8000] for c in columns])
    val = TensorDataset(*[c[8000:] for c in columns])
    model = TwoTowers()
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=3e-4),
        "train": DataLoader(train, batch_size=128, shuffle=True, collate_fn=collate),
        "val": DataLoader(val, batch_size=1000, collate_fn=collate),
        "epochs": 18,
        "metric": auc,
    }
