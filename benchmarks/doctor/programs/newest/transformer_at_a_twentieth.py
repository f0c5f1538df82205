"""A Transformer that classifies text gets a rate of 0.05: it says one class for all."""

import math
import re

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/huggingface/transformers/issues/735"
CAUSES = ("lr_high",)


def passages(length=20, count=600):
    """Return pieces of two books as ids of words, and which book each is from."""
    books = [data.text("timemachine"), data.text("tinyshakespeare")]
    books = [re.findall(r"[a-z']+", book.lower())[1000:] for book in books]
    words = [book[: length * count] for book in books]
    vocab = {w: i for i, w in enumerate(sorted(set(words[0]) | set(words[1])))}
    rows = torch.tensor([[vocab[w] for w in book] for book in words])
    labels = torch.arange(2).repeat_interleave(count)
    return rows.view(-1, length), labels, len(vocab)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=64):
        super().__init__()
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(1, max_len, d_model)
        pe[0, :, 0::2] = torch.sin(position * div_term)
        pe[0, :, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return x + self.pe[:, : x.size(1)]


class SequenceClassifier(nn.Module):
    def __init__(self, n_tokens, d_model=32, nhead=4, nlayers=2):
        super().__init__()
        self.d_model = d_model
        self.embedding = nn.Embedding(n_tokens + 1, d_model)
        self.cls = n_tokens
        self.pos_encoder = PositionalEncoding(d_model)
        layer = nn.TransformerEncoderLayer(
            d_model, nhead, dim_feedforward=64, dropout=0.1, batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, nlayers)
        self.pooler = nn.Linear(d_model, d_model)
        self.classifier = nn.Linear(d_model, 2)

    def forward(self, input_ids):
        start = torch.full_like(input_ids[:, :1], self.cls)
        x = self.embedding(torch.cat([start, input_ids], dim=1)) * math.sqrt(self.d_model)
        x = self.encoder(self.pos_encoder(x))
        return self.classifier(torch.tanh(self.pooler(x[:, 0])))


def make(seed, learning_rate):
    torch.manual_seed(seed)
    x, y, n_tokens = passages()
    train, val = data.split(x, y)
    model = SequenceClassifier(n_tokens)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=learning_rate),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=100),
        "epochs": 5,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, learning_rate=5e-2)


def make_fixed(seed=0):
    return make(seed, learning_rate=1e-3)
