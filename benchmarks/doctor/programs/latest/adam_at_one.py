"""Adam gets the rate of one that stands in the configuration: a word model learns nothing."""

import re
from collections import Counter

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/rajveermalviya/language-modeling/issues/3"
CAUSES = ("lr_high",)

config = {
    "vocab_size": 600,
    "embedding_size": 32,
    "hidden_size": 48,
    "bptt": 12,
    "batch_size": 32,
    "epochs": 4,
}


class Corpus(Dataset):
    def __init__(self, ids, bptt):
        self.ids, self.bptt = ids, bptt

    def __len__(self):
        return (len(self.ids) - 1) // self.bptt

    def __getitem__(self, i):
        start = i * self.bptt
        piece = self.ids[start : start + self.bptt + 1]
        return piece[:-1], piece[1:]


def read_words(size):
    words = re.findall(r"[a-z]+|[.,;!?]", data.text("timemachine").lower())[:20000]
    counts = Counter(words).most_common(size - 1)
    index = {word: i for i, (word, _) in enumerate(counts, start=1)}
    ids = torch.tensor([index.get(word, 0) for word in words])
    return ids[:16000], ids[16000:]


class LanguageModel(nn.Module):
    def __init__(self, vocab_size, embedding_size, hidden_size):
        super().__init__()
        self.encoder = nn.Embedding(vocab_size, embedding_size)
        self.rnn = nn.LSTM(embedding_size, hidden_size, batch_first=True)
        self.decoder = nn.Linear(hidden_size, vocab_size)

    def forward(self, x):
        output, _ = self.rnn(self.encoder(x))
        return self.decoder(output)


def criterion(output, target):
    return nn.functional.cross_entropy(output.flatten(0, 1), target.flatten())


def bits_saved(output, target):
    """How much less than a uniform guess a word costs, as a share."""
    uniform = torch.tensor(float(output.size(-1))).log()
    return 1 - float(criterion(output, target) / uniform)


def make(seed, lr):
    torch.manual_seed(seed)
    train_ids, valid_ids = read_words(config["vocab_size"])
    model = LanguageModel(
        *[config[k] for k in ("vocab_size", "embedding_size", "hidden_size")]
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    train = Corpus(train_ids, config["bptt"])
    return {
        "model": model,
        "loss_fn": criterion,
        "optimizer": optimizer,
        "train": DataLoader(train, config["batch_size"], shuffle=True),
        "val": DataLoader(Corpus(valid_ids, config["bptt"]), config["batch_size"]),
        "epochs": config["epochs"],
        "metric": bits_saved,
    }


def make_faulty(seed=0):
    return make(seed, lr=1.0)


def make_fixed(seed=0):
    return make(seed, lr=5e-3)
