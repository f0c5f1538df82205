"""Characters of names are tagged in a story: four in a hundred are, and most are never found.

The accuracy is 96 % from the first epoch on, as it is when all are said to be no name.
"""

import re

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/pandeydivesh15/NER-using-Deep-Learning/issues/1"
CAUSES = ("class_imbalance",)


def tagged(length=40, count=1500):
    """Return rows of lower-case characters, and 1 for those of a name in a sentence."""
    story = re.sub(r"\s+", " ", data.text("timemachine"))[2000:]
    tags = torch.zeros(len(story), dtype=torch.long)
    for match in re.finditer(r"(?<=[a-z,;] )(?!I\b)[A-Z][a-z]+", story):
        tags[match.start() : match.end()] = 1
    story = story.lower()
    alphabet = {c: i for i, c in enumerate(sorted(set(story)))}
    ids = torch.tensor([alphabet[c] for c in story])
    end = length * count
    return ids[:end].view(-1, length), tags[:end].view(-1, length), len(alphabet)


class Tagger(nn.Module):
    def __init__(self, n_chars):
        super().__init__()
        self.char_embeds = nn.Embedding(n_chars, 24)
        self.lstm = nn.LSTM(24, 24, bidirectional=True, batch_first=True)
        self.hidden2tag = nn.Linear(48, 2)

    def forward(self, sentence):
        lstm_out, _ = self.lstm(self.char_embeds(sentence))
        return self.hidden2tag(lstm_out).permute(0, 2, 1)


def mean_recall(scores, tags):
    found = scores.argmax(1)
    return float(sum((found[tags == t] == t).float().mean() for t in (0, 1)) / 2)


def make(seed, weight):
    torch.manual_seed(seed)
    x, y, n_chars = tagged()
    train, val = data.split(x, y)
    model = Tagger(n_chars)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(weight=weight),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=375),
        "epochs": 6,
        "metric": mean_recall,
    }


def make_faulty(seed=0):
    return make(seed, weight=None)


def make_fixed(seed=0):
    return make(seed, weight=torch.tensor([1.0, 40.0]))
