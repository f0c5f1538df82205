"""Which of two books a passage is from, by convolutions of three widths over its words."""

import re
from collections import Counter

import torch
import torch.nn as nn
import torch.nn.functional as F

import data


def passages(n=700, length=20):
    texts = {name: re.findall(r"\w+", data.text(name).lower())[3000:]
             for name in ("timemachine", "tinyshakespeare")}  # fmt: skip
    freq = Counter(word for words in texts.values() for word in words[: n * length])
    stoi = {"<pad>": 0, "<unk>": 1}
    for word, count in freq.items():
        if count >= 2:
            stoi[word] = len(stoi)
    rows, labels = [], []
    for label, words in enumerate(texts.values()):
        for i in range(n):
            piece = words[i * length : (i + 1) * length]
            rows.append([stoi.get(word, 1) for word in piece])
            labels.append(label)
    return torch.tensor(rows), torch.tensor(labels), len(stoi)


class TextCNN(nn.Module):
    def __init__(self, vocab_size, embedding_dim=24, n_filters=16, sizes=(2, 3, 4)):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.convs = nn.ModuleList(
            [nn.Conv2d(1, n_filters, (fs, embedding_dim)) for fs in sizes]
        )
        self.fc = nn.Linear(len(sizes) * n_filters, 2)
        self.dropout = nn.Dropout(0.5)

    def forward(self, text):
        embedded = self.embedding(text).unsqueeze(1)
        conved = [F.relu(conv(embedded)).squeeze(3) for conv in self.convs]
        pooled = [F.max_pool1d(conv, conv.shape[2]).squeeze(2) for conv in conved]
        return self.fc(self.dropout(torch.cat(pooled, dim=1)))


def make(seed=0):
    torch.manual_seed(seed)
    rows, labels, vocab_size = passages()
    train, valid = data.split(rows, labels)
    model = TextCNN(vocab_size)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": train,
        "val": valid,
        "batch_size": 32,
        "epochs": 8,
        "metric": "accuracy",
    }
