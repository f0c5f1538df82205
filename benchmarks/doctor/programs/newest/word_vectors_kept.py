"""Word vectors are loaded by nn.Embedding.from_pretrained, which freezes them by default.

Most words of these books are not in the file of vectors. They are zeros, and stay so.
"""

import re
from collections import Counter

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/huggingface/optimum-graphcore/pull/304"
CAUSES = ("frozen_parameters", "init")


def passages(length=24, count=600):
    books = [data.text("tinyshakespeare"), data.text("timemachine")]
    books = [re.findall(r"[a-z]+", book.lower())[3000:] for book in books]
    counts = Counter(w for book in books for w in book[: length * count])
    vocab = {w: i for i, (w, _) in enumerate(counts.most_common(3000), start=1)}
    rows = [
        [vocab.get(w, 0) for w in book[i * length : (i + 1) * length]]
        for book in books
        for i in range(count)
    ]
    return torch.tensor(rows), torch.arange(2).repeat_interleave(count), len(vocab) + 1


def vectors(n_words, known=30, dim=24):
    """What a small file of vectors has for this vocabulary: common words only."""
    draws = torch.Generator().manual_seed(77)
    weights = torch.zeros(n_words, dim)
    weights[1 : known + 1] = torch.randn(known, dim, generator=draws) * 0.4
    return weights


class LSTMClassifier(nn.Module):
    def __init__(self, weights, freeze):
        super().__init__()
        self.word_embeddings = nn.Embedding.from_pretrained(weights, freeze=freeze)
        self.lstm = nn.LSTM(weights.size(1), 24, batch_first=True)
        self.label = nn.Linear(24, 2)

    def forward(self, sentence):
        out, _ = self.lstm(self.word_embeddings(sentence))
        return self.label(out.mean(dim=1))


def make(seed, freeze):
    torch.manual_seed(seed)
    x, y, n_words = passages()
    train, val = data.split(x, y)
    model = LSTMClassifier(vectors(n_words), freeze)
    params = [p for p in model.parameters() if p.requires_grad]
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(params, lr=5e-3),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=100),
        "epochs": 6,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, freeze=True)


def make_fixed(seed=0):
    return make(seed, freeze=False)
