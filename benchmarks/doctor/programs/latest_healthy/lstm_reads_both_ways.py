"""A bidirectional LSTM over characters, its states pooled, tells which book a line is from."""

import torch
import torch.nn as nn
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader, TensorDataset

import data


class BiLSTM(nn.Module):
    def __init__(self, vocab_size, embed_dim=16, hidden_dim=24):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.lstm = nn.LSTM(embed_dim, hidden_dim, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(2 * hidden_dim, 1)

    def forward(self, text):
        output, _ = self.lstm(self.embedding(text))
        pooled, _ = output.max(dim=1)
        return self.fc(self.dropout(pooled)).squeeze(1)


def train_step(model, optimizer, criterion, text, label):
    optimizer.zero_grad()
    loss = criterion(model(text), label)
    loss.backward()
    clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss


def binary_accuracy(preds, y):
    rounded = torch.round(torch.sigmoid(preds))
    return (rounded == y).float().mean().item()


def make(seed=0):
    torch.manual_seed(seed)
    (x, y), (x_valid, y_valid), vocab_size = data.two_authors(length=50, count=1500)
    model = BiLSTM(vocab_size)
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=4e-3),
        "train": DataLoader(TensorDataset(x, y.float()), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(x_valid, y_valid.float()), batch_size=100),
        "epochs": 8,
        "metric": binary_accuracy,
        "step": train_step,
    }
