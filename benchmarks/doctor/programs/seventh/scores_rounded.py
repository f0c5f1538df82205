"""The accuracy rounds what the network says, but that is logits: a clear yes rounds to five."""

import re
import zlib

import torch
import torch.nn as nn

import data

SOURCE = "https://github.com/ilivans/tf-rnn-attention/issues/3"
CAUSES = ("metric",)


VOCABULARY = 600


def passages(length=20, count=800):
    rows = []
    for book in ("tinyshakespeare", "timemachine"):
        words = re.findall("[a-z]+", data.text(book).lower())[: length * count]
        ids = [zlib.crc32(w.encode()) % VOCABULARY for w in words]
        rows.append(torch.tensor(ids).view(count, length))
    return data.split(torch.cat(rows), torch.arange(2).repeat_interleave(count))


class AttentionRNN(nn.Module):
    def __init__(self, vocab_size, embedding_dim=16, hidden_size=16, attention_size=16):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.GRU(embedding_dim, hidden_size, batch_first=True, bidirectional=True)
        self.w = nn.Linear(2 * hidden_size, attention_size)
        self.u = nn.Linear(attention_size, 1, bias=False)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(2 * hidden_size, 1)

    def forward(self, ids):
        h, _ = self.rnn(self.embedding(ids))
        alphas = self.u(torch.tanh(self.w(h))).softmax(dim=1)
        return self.fc(self.dropout((alphas * h).sum(dim=1))).squeeze(1)


def accuracy_of_scores(y_hat, target):
    return (torch.round(y_hat) == target).float().mean().item()


def accuracy_of_probabilities(y_hat, target):
    return (torch.round(torch.sigmoid(y_hat)) == target).float().mean().item()


def make(seed, metric):
    torch.manual_seed(seed)
    (x_train, y_train), (x_test, y_test) = passages()
    model = AttentionRNN(VOCABULARY)
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": (x_train, y_train.float()),
        "val": (x_test, y_test.float()),
        "batch_size": 32,
        "epochs": 6,
        "metric": metric,
    }


def make_faulty(seed=0):
    return make(seed, accuracy_of_scores)


def make_fixed(seed=0):
    return make(seed, accuracy_of_probabilities)
