"""Sentences are sorted by length, as pack_padded_sequence wants; their labels are not.

Within a batch almost every text is given the label of another one.
"""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/fartashf/vsepp/pull/36"
CAUSES = ("label_encoding",)


class Sentences(Dataset):
    """Runs of four to twelve words of two books, as ids of words, and the book."""

    def __init__(self, split):
        books = [data.text("tinyshakespeare")[:170_000], data.text("timemachine")[:170_000]]
        words = [
            "".join(c if c.isalpha() else " " for c in book.lower()).split()
            for book in books
        ]
        counts = {}
        for word in words[0] + words[1]:
            counts[word] = counts.get(word, 0) + 1
        frequent = sorted(counts, key=counts.get, reverse=True)[:800]
        self.vocabulary = {w: i + 2 for i, w in enumerate(frequent)}
        draws = torch.Generator().manual_seed(21)
        self.rows = []
        for label, book in enumerate(words):
            at = 0
            for _ in range(2000):
                length = int(torch.randint(6, 16, (1,), generator=draws))
                ids = [self.vocabulary.get(w, 1) for w in book[at : at + length]]
                self.rows.append((torch.tensor(ids), label))
                at += length
        order = torch.randperm(len(self.rows), generator=draws).tolist()
        order = order[:3200] if split == "train" else order[3200:]
        self.rows = [self.rows[i] for i in order]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return self.rows[index]


def collate_fn(batch):
    texts, labels = zip(*batch, strict=True)
    texts = sorted(texts, key=len, reverse=True)
    lengths = torch.tensor([len(t) for t in texts])
    return (pad_sequence(texts, batch_first=True), lengths), torch.tensor(labels)


def collate_together(batch):
    batch = sorted(batch, key=lambda pair: len(pair[0]), reverse=True)
    return collate_fn(batch)


class TextLSTM(nn.Module):
    def __init__(self, vocab_size=802, embed_dim=32, hidden_dim=32):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=0)
        self.dropout = nn.Dropout(0.3)
        self.lstm = nn.LSTM(embed_dim, hidden_dim, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hidden_dim, 2)

    def forward(self, text, lengths):
        embedded = self.dropout(self.embedding(text))
        packed = pack_padded_sequence(embedded, lengths.cpu(), batch_first=True)
        _, (hidden, _) = self.lstm(packed)
        return self.fc(self.dropout(torch.cat([hidden[0], hidden[1]], dim=1)))


def make(seed, collate):
    torch.manual_seed(seed)
    model = TextLSTM()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-4),
        "train": DataLoader(Sentences("train"), 32, shuffle=True, collate_fn=collate),
        "val": DataLoader(Sentences("val"), 50, collate_fn=collate),
        "epochs": 7,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, collate_fn)


def make_fixed(seed=0):
    return make(seed, collate_together)
