"""An encoder and a decoder with attention learn to write dates in another way, but stop early.

Their loss still falls when the epochs are over; the example was meant for far more dates.
"""

import argparse
import datetime

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

SOURCE = "https://github.com/jadore801120/attention-is-all-you-need-pytorch/issues/132"
CAUSES = ("epochs_few",)

CHARS = "^-./ 0123456789abcdefghijlmnoprstuvwy,"
INDEX = {c: i for i, c in enumerate(CHARS)}
FORMATS = ("%d %b %Y", "%b %d, %Y", "%d.%m.%Y", "%d %b %y")


class Dates(Dataset):
    """Dates as people write them, and as computers do; the decoder sees what comes before."""

    def __init__(self, n, seed):
        rng = torch.Generator().manual_seed(seed)
        days = torch.randint(0, 25_000, (n,), generator=rng).tolist()
        kinds = torch.randint(0, len(FORMATS), (n,), generator=rng).tolist()
        self.pairs = []
        for day, kind in zip(days, kinds, strict=True):
            date = datetime.date(1950, 1, 1) + datetime.timedelta(days=day)
            source = date.strftime(FORMATS[kind]).lower().ljust(12)
            self.pairs.append((source, date.strftime("%y-%m-%d")))

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, i):
        source, target = self.pairs[i]
        ids = [torch.tensor([INDEX[c] for c in s]) for s in (source, "^" + target)]
        return (ids[0], ids[1][:-1]), ids[1][1:]


class Translator(nn.Module):
    def __init__(self, d_model=48):
        super().__init__()
        self.emb = nn.Embedding(len(CHARS), d_model)
        self.src_pos = nn.Parameter(0.5 * torch.randn(12, d_model))
        self.trg_pos = nn.Parameter(0.5 * torch.randn(8, d_model))
        self.encoder = nn.TransformerEncoderLayer(
            d_model, 4, 96, dropout=0.0, batch_first=True, norm_first=True
        )
        self.decoder = nn.TransformerDecoderLayer(
            d_model, 4, 96, dropout=0.0, batch_first=True, norm_first=True
        )
        self.norm = nn.LayerNorm(d_model)
        self.proj = nn.Linear(d_model, len(CHARS))
        self.register_buffer("mask", torch.triu(torch.ones(8, 8), 1).bool())

    def forward(self, src, trg):
        memory = self.encoder(self.emb(src) + self.src_pos)
        out = self.decoder(self.emb(trg) + self.trg_pos, memory, tgt_mask=self.mask)
        return self.proj(self.norm(out)).transpose(1, 2)


def accuracy_of_characters(pred, gold):
    is_digit = gold != INDEX["-"]
    return float((pred.argmax(1) == gold)[is_digit].float().mean())


def make(seed, argv):
    parser = argparse.ArgumentParser()
    parser.add_argument("--epoch", type=int, default=10)
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=2e-3)
    opt = parser.parse_args(argv)
    torch.manual_seed(seed)
    model = Translator()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=opt.lr, betas=(0.9, 0.98)),
        "train": DataLoader(Dates(1600, 1), batch_size=opt.batch_size, shuffle=True),
        "val": DataLoader(Dates(300, 2), batch_size=100),
        "epochs": opt.epoch,
        "metric": accuracy_of_characters,
    }


def make_faulty(seed=0):
    return make(seed, ["--epoch", "3"])


def make_fixed(seed=0):
    return make(seed, ["--epoch", "14"])
