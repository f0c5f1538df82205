"""A few texts have no known word: all of it is masked, and their attention is NaN."""

import math
import re
from collections import Counter

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/pytorch/pytorch/issues/24816"
CAUSES = ("numerics", "bad_data")

MAX_LEN, EMB, PAD = 12, 32, 0


def load_reviews():
    """Lines of two books that stand for two kinds of reviews, as texts with labels."""
    texts, labels = [], []
    for label, name in enumerate(["timemachine", "tinyshakespeare"]):
        words = re.findall(r"[a-z']+", data.text(name).lower())[2000:]
        for i in range(1000):
            texts.append(" ".join(words[i * 12 : i * 12 + 6 + i % 7]))
            labels.append(label)
        for i in range(4):
            texts.append(["...", "!!!", "10/10", ""][i])
            labels.append(label)
    return texts, labels


class ReviewDataset(Dataset):
    def __init__(self, texts, labels, vocab, keep_empty):
        self.rows = []
        for text, label in zip(texts, labels, strict=True):
            ids = [vocab[w] for w in re.findall(r"[a-z']+", text) if w in vocab][:MAX_LEN]
            if not ids and not keep_empty:
                continue
            ids = ids + [PAD] * (MAX_LEN - len(ids))
            self.rows.append((torch.tensor(ids), torch.tensor(label)))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return self.rows[index]


class Block(nn.Module):
    def __init__(self, dim, heads=2):
        super().__init__()
        self.att = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.ffn = nn.Sequential(
            nn.Linear(dim, 2 * dim), nn.ReLU(), nn.Linear(2 * dim, dim)
        )
        self.dropout = nn.Dropout(0.1)

    def forward(self, h, mask):
        out, self.att_weights = self.att(h, h, h, key_padding_mask=mask)
        h = self.norm1(h + self.dropout(out))
        return self.norm2(h + self.dropout(self.ffn(h)))


class TransformerClassifier(nn.Module):
    def __init__(self, vocab_size, num_class=2):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, EMB, padding_idx=PAD)
        self.register_buffer("pe", self.positions(MAX_LEN, EMB))
        self.block = Block(EMB)
        self.fc = nn.Linear(EMB, num_class)

    @staticmethod
    def positions(length, dim):
        position = torch.arange(length).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, dim, 2) * (-math.log(10000.0) / dim))
        pe = torch.zeros(length, dim)
        pe[:, 0::2] = torch.sin(position * div_term)
        pe[:, 1::2] = torch.cos(position * div_term)
        return pe

    def forward(self, x):
        mask = x == PAD
        h = self.block(self.embedding(x) + self.pe, mask)
        h = h.masked_fill(mask.unsqueeze(2), 0.0)
        return self.fc(h.sum(1) / (~mask).sum(1, keepdim=True).clamp(min=1))


def make(seed, keep_empty):
    torch.manual_seed(seed)
    texts, labels = load_reviews()
    order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(9)).tolist()
    texts, labels = [texts[i] for i in order], [labels[i] for i in order]
    cut = int(0.8 * len(texts))
    counts = Counter(" ".join(texts[:cut]).split())
    vocab = {word: i for i, (word, _) in enumerate(counts.most_common(1500), start=1)}
    train = ReviewDataset(texts[:cut], labels[:cut], vocab, keep_empty)
    test = ReviewDataset(texts[cut:], labels[cut:], vocab, keep_empty)
    model = TransformerClassifier(len(vocab) + 1)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": DataLoader(train, batch_size=32, shuffle=True),
        "val": DataLoader(test, batch_size=64),
        "epochs": 6,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, keep_empty=True)


def make_fixed(seed=0):
    return make(seed, keep_empty=False)
