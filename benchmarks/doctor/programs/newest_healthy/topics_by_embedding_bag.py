"""Text classification with nn.EmbeddingBag and offsets, SGD with a rate of five."""

import re

import torch
from torch import nn
from torch.utils.data import DataLoader

import data


def lines(count=500):
    """Return (label, ids of words) for lines of two books, and the size of the vocabulary."""
    found, vocab = [], {"<unk>": 0}
    for label, name in enumerate(["tinyshakespeare", "timemachine"]):
        words = re.findall(r"[a-z]+", data.text(name).lower())[2000:]
        starts = range(0, 25 * count, 25)
        for i, start in enumerate(starts):
            piece = words[start : start + 15 + i % 10]
            found.append((label, [vocab.setdefault(w, len(vocab)) for w in piece]))
    return found, len(vocab)


class TextClassificationModel(nn.Module):
    def __init__(self, vocab_size, embed_dim, num_class):
        super().__init__()
        self.embedding = nn.EmbeddingBag(vocab_size, embed_dim, sparse=False)
        self.fc = nn.Linear(embed_dim, num_class)
        self.init_weights()

    def init_weights(self):
        initrange = 0.5
        self.embedding.weight.data.uniform_(-initrange, initrange)
        self.fc.weight.data.uniform_(-initrange, initrange)
        self.fc.bias.data.zero_()

    def forward(self, text, offsets):
        return self.fc(self.embedding(text, offsets))


def collate_batch(batch):
    label_list, text_list, offsets = [], [], [0]
    for label, ids in batch:
        label_list.append(label)
        text_list.append(torch.tensor(ids, dtype=torch.int64))
        offsets.append(len(ids))
    offsets = torch.tensor(offsets[:-1]).cumsum(dim=0)
    return (torch.cat(text_list), offsets), torch.tensor(label_list, dtype=torch.int64)


def step(model, optimizer, criterion, inputs, label):
    optimizer.zero_grad()
    loss = criterion(model(*inputs), label)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    optimizer.step()
    return loss.item()


def make(seed=0):
    torch.manual_seed(seed)
    found, vocab_size = lines()
    order = torch.randperm(len(found), generator=torch.Generator().manual_seed(3)).tolist()
    train, valid = [found[i] for i in order[:750]], [found[i] for i in order[750:]]
    model = TextClassificationModel(vocab_size, 32, 2)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=5.0),
        "train": DataLoader(train, batch_size=8, shuffle=True, collate_fn=collate_batch),
        "val": DataLoader(valid, batch_size=50, collate_fn=collate_batch),
        "epochs": 12,
        "metric": "accuracy",
        "step": step,
    }
