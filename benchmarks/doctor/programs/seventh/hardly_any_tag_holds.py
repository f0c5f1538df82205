"""Sixty tags for a text, of which one or two hold: the network learns to deny all of them.

There are forty zeros for each one, and its words do not say clearly which tag it is.
"""

import torch
import torch.nn as nn

SOURCE = "https://github.com/appvision-ai/fast-bert/issues/52"
CAUSES = ("class_imbalance",)
TAGS, WORDS = 60, 160


def documents(n, seed, length=20, told=4):
    """Texts of words; a tag has eight words of its own, which other tags have as well."""
    world = torch.Generator().manual_seed(0)
    typical = torch.rand(TAGS, WORDS, generator=world).argsort(1)[:, :8]
    draws = torch.Generator().manual_seed(seed)
    tags = torch.rand(n, TAGS, generator=draws).argsort(1)[:, :2]
    tags[torch.rand(n, generator=draws) < 0.5, 1] = -1
    text = torch.randint(WORDS, (n, length), generator=draws)
    for place in range(2 * told):
        tag = tags[:, place % 2]
        word = typical[tag, torch.randint(8, (n,), generator=draws)]
        text[:, place] = torch.where(tag >= 0, word, text[:, place])
    labels = torch.stack([(tags == tag).any(1) for tag in range(TAGS)], dim=1)
    return text, labels.float()


class MultiLabelClassifier(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.bag = nn.EmbeddingBag(WORDS, width, mode="sum")
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(0.2)
        self.classifier = nn.Linear(width, TAGS)

    def forward(self, text):
        return self.classifier(self.dropout(self.norm(self.bag(text))))


def macro_f1(logits, labels):
    found = (logits > 0).float()
    hits = (found * labels).sum(0)
    return float((2 * hits / (found + labels).sum(0).clamp(min=1)).mean())


def make(seed, pos_weight):
    torch.manual_seed(seed)
    model = MultiLabelClassifier()
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(pos_weight=torch.full((TAGS,), pos_weight)),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=4e-3),
        "train": documents(6000, seed=1),
        "val": documents(1200, seed=2),
        "batch_size": 50,
        "epochs": 14,
        "metric": macro_f1,
    }


def make_faulty(seed=0):
    return make(seed, pos_weight=1.0)


def make_fixed(seed=0):
    return make(seed, pos_weight=8.0)
