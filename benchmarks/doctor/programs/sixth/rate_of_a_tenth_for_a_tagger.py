"""Adam at 0.1 for a tagger with an LSTM: the loss falls, then rises, and the tags are noise.

The tags say at which letters a word begins; the text has lost its spaces.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/guillaumegenthial/sequence_tagging/issues/47"
CAUSES = ("lr_high",)


class Config:
    dim_char = 16
    hidden_size = 48
    num_layers = 2
    batch_size = 16
    nepochs = 6
    max_length = 36


class Unspaced(Dataset):
    """Pieces of a book without spaces, and 1 for each letter that starts a word."""

    def __init__(self, first, last, length):
        words = "".join(
            c if c.isalpha() else " " for c in data.text("timemachine").lower()
        ).split()
        letters = "".join(words)
        alphabet = {c: i for i, c in enumerate(sorted(set(letters)))}
        starts = torch.zeros(len(letters), dtype=torch.long)
        starts[torch.tensor([0] + [len(w) for w in words[:-1]]).cumsum(0)] = 1
        ids = torch.tensor([alphabet[c] for c in letters])
        self.ids = ids[first * length : last * length].view(-1, length)
        self.tags = starts[first * length : last * length].view(-1, length)
        self.nchars = len(alphabet)

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, i):
        return self.ids[i], self.tags[i]


class Tagger(nn.Module):
    def __init__(self, config, nchars, ntags=2):
        super().__init__()
        self.char_embeddings = nn.Embedding(nchars, config.dim_char)
        self.bi_lstm = nn.LSTM(
            config.dim_char,
            config.hidden_size,
            config.num_layers,
            batch_first=True,
            bidirectional=True,
        )
        self.proj = nn.Linear(2 * config.hidden_size, ntags)

    def forward(self, char_ids):
        states, _ = self.bi_lstm(self.char_embeddings(char_ids))
        return self.proj(states)


def tag_loss(logits, tags):
    return nn.functional.cross_entropy(logits.transpose(1, 2), tags)


def f1(logits, tags):
    """F1 of the letters that start a word."""
    found = logits.argmax(-1) == 1
    hits = (found & (tags == 1)).sum().item()
    return 2 * hits / max(1, found.sum().item() + tags.sum().item())


def make(seed, lr):
    torch.manual_seed(seed)
    config = Config()
    train = Unspaced(0, 900, config.max_length)
    dev = Unspaced(900, 1150, config.max_length)
    model = Tagger(config, train.nchars)
    return {
        "model": model,
        "loss_fn": tag_loss,
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": DataLoader(train, config.batch_size, shuffle=True),
        "val": DataLoader(dev, 64),
        "epochs": config.nepochs,
        "metric": f1,
    }


def make_faulty(seed=0):
    return make(seed, lr=0.1)


def make_fixed(seed=0):
    return make(seed, lr=0.005)
