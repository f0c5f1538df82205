"""An LSTM reads sentences of all lengths, padded and packed, and tells which book has them."""

import re

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

import data


class Sentences(Dataset):
    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, idx):
        ids, label = self.rows[idx]
        return torch.tensor(ids), label


def pad_collate(batch):
    texts, labels = zip(*batch, strict=True)
    lengths = torch.tensor([len(t) for t in texts])
    padded = pad_sequence(texts, batch_first=True, padding_value=0)
    return {"text": padded, "lengths": lengths}, torch.tensor(labels, dtype=torch.float)


class RNN(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, 24, padding_idx=0)
        self.rnn = nn.LSTM(24, 24, batch_first=True)
        self.fc1 = nn.Linear(24, 16)
        self.fc2 = nn.Linear(16, 1)

    def forward(self, text, lengths):
        out = self.embedding(text)
        out = pack_padded_sequence(
            out, lengths.cpu(), enforce_sorted=False, batch_first=True
        )
        _, (hidden, _) = self.rnn(out)
        out = torch.relu(self.fc1(hidden[-1]))
        return self.fc2(out).squeeze(1)


def binary_accuracy(preds, y):
    rounded_preds = torch.round(torch.sigmoid(preds))
    return (rounded_preds == y).float().mean().item()


def make(seed=0):
    torch.manual_seed(seed)
    vocab, rows = {"<pad>": 0}, []
    for label, name in enumerate(["timemachine", "tinyshakespeare"]):
        found = re.split(r"[.!?]", data.text(name).lower()[10_000:])
        found = [re.findall(r"[a-z]+", s) for s in found]
        for words in [s for s in found if 8 <= len(s) <= 30][:500]:
            rows.append(([vocab.setdefault(w, len(vocab)) for w in words], label))
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(4)).tolist()
    rows = [rows[i] for i in order]
    model = RNN(len(vocab))
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": DataLoader(
            Sentences(rows[:800]), 25, shuffle=True, collate_fn=pad_collate
        ),
        "val": DataLoader(Sentences(rows[800:]), 50, collate_fn=pad_collate),
        "epochs": 6,
        "metric": binary_accuracy,
    }
