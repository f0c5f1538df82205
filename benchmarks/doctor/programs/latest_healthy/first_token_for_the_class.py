"""A Transformer with a class token, pre-norm, warm-up and decay: which speaker has the line."""

import math
import re
from collections import Counter

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

PAD, UNK, CLS = 0, 1, 2


def tokenized(n=1200):
    lines, labels = [], []
    for label, name in enumerate(["timemachine", "tinyshakespeare"]):
        words = re.findall(r"[a-z]+", data.text(name).lower())[9000:]
        for i in range(n):
            lines.append(words[i * 14 : i * 14 + 8 + i % 7])
            labels.append(label)
    order = torch.randperm(2 * n, generator=torch.Generator().manual_seed(2)).tolist()
    return [lines[i] for i in order], [labels[i] for i in order]


class Lines(Dataset):
    def __init__(self, lines, labels, vocab):
        self.ids = [[CLS] + [vocab.get(word, UNK) for word in line] for line in lines]
        self.labels = labels

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, i):
        return self.ids[i], self.labels[i]


def collate(batch):
    ids, labels = zip(*batch, strict=True)
    longest = max(len(row) for row in ids)
    padded = torch.tensor([row + [PAD] * (longest - len(row)) for row in ids])
    inputs = {"input_ids": padded, "attention_mask": (padded != PAD).long()}
    return inputs, torch.tensor(labels)


class Classifier(nn.Module):
    def __init__(self, n_tokens, d_model=32, n_layers=1):
        super().__init__()
        self.tokens = nn.Embedding(n_tokens, d_model, padding_idx=PAD)
        self.positions = nn.Embedding(16, d_model)
        layer = nn.TransformerEncoderLayer(
            d_model,
            4,
            64,
            dropout=0.1,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.encoder = nn.TransformerEncoder(layer, n_layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(d_model)
        self.head = nn.Linear(d_model, 2)

    def forward(self, input_ids, attention_mask):
        places = torch.arange(input_ids.size(1), device=input_ids.device)
        h = self.tokens(input_ids) + self.positions(places)
        h = self.encoder(h, src_key_padding_mask=attention_mask == 0)
        return self.head(self.norm(h[:, 0]))


def make(seed=0):
    torch.manual_seed(seed)
    lines, labels = tokenized()
    counts = Counter(word for line in lines[:1920] for word in line)
    known = [word for word, count in counts.most_common() if count > 1]
    vocab = {word: i for i, word in enumerate(known, start=3)}
    model = Classifier(len(vocab) + 3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    total, warmup = 8 * 60, 40

    def lr_lambda(step):
        if step < warmup:
            return (step + 1) / warmup
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup) / (total - warmup))))

    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lr_lambda)

    def training_step(model, optimizer, loss_fn, inputs, targets):
        loss = loss_fn(model(**inputs), targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
        return loss.item()

    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(label_smoothing=0.05),
        "optimizer": optimizer,
        "train": DataLoader(
            Lines(lines[:1920], labels[:1920], vocab), 32, shuffle=True, collate_fn=collate
        ),
        "val": DataLoader(
            Lines(lines[1920:], labels[1920:], vocab), 60, collate_fn=collate
        ),
        "epochs": 8,
        "metric": "accuracy",
        "step": training_step,
    }
