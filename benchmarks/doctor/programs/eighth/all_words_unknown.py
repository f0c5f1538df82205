"""A vocabulary is read as bytes and the texts as str: no word is found, all of them are UNK.

Each text becomes a row of the same id, over and over.
"""

import collections

import torch
from torch import nn
from torch.utils.data import DataLoader

import data

SOURCE = "https://github.com/tensorflow/models/pull/744"
CAUSES = ("bad_data",)
PAD, UNK = 0, 1


def passages(name, words=16, count=1600):
    book = data.text(name).lower()
    book = "".join(c if c.isalpha() or c == " " else " " for c in book).split()
    return [book[i * words : (i + 1) * words] for i in range(count)]


def save_vocabulary(texts, size=2000):
    counts = collections.Counter(word for text in texts for word in text)
    return "\n".join(word for word, _ in counts.most_common(size)).encode()


def load_vocabulary(saved, decode):
    lines = (saved.decode() if decode else saved).splitlines()
    return {word: i + 2 for i, word in enumerate(lines)}


class TextClassifier(nn.Module):
    def __init__(self, size, dim=24):
        super().__init__()
        self.embed = nn.Embedding(size, dim, padding_idx=PAD)
        self.drop = nn.Dropout(0.4)
        self.hidden = nn.Sequential(nn.Linear(dim, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, ids):
        known = (ids != PAD).unsqueeze(-1).float()
        mean = (self.embed(ids) * known).sum(1) / known.sum(1).clamp(min=1)
        return self.hidden(self.drop(mean))


def make(seed, decode):
    torch.manual_seed(seed)
    play, novel = passages("tinyshakespeare"), passages("timemachine")
    labeled = [(text, 0) for text in play] + [(text, 1) for text in novel]
    train, test = labeled[::2] + labeled[1::4], labeled[3::4]
    vocabulary = load_vocabulary(save_vocabulary(text for text, _ in train), decode)

    def collate(batch):
        rows = [torch.tensor([vocabulary.get(w, UNK) for w in text]) for text, _ in batch]
        ids = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=PAD)
        return ids, torch.tensor([label for _, label in batch])

    model = TextClassifier(len(vocabulary) + 2)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": DataLoader(train, batch_size=32, shuffle=True, collate_fn=collate),
        "val": DataLoader(test, batch_size=100, collate_fn=collate),
        "epochs": 7,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, decode=False)


def make_fixed(seed=0):
    return make(seed, decode=True)
