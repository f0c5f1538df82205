"""An encoder reads five numbers, and a decoder writes them down sorted, taught by the truth."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOS, EOS, OFFSET = 0, 1, 2


def number_lists(count=2200, length=5, largest=9):
    draws = torch.Generator().manual_seed(52)
    source = torch.randint(0, largest + 1, (count, length), generator=draws) + OFFSET
    ordered = source.sort(dim=1).values
    start = torch.full((count, 1), SOS)
    end = torch.full((count, 1), EOS)
    return source, torch.cat([start, ordered, end], dim=1)


class Encoder(nn.Module):
    def __init__(self, vocab, emb_dim, hid_dim):
        super().__init__()
        self.embedding = nn.Embedding(vocab, emb_dim)
        self.rnn = nn.GRU(emb_dim, hid_dim, batch_first=True)

    def forward(self, src):
        _, hidden = self.rnn(self.embedding(src))
        return hidden


class Decoder(nn.Module):
    def __init__(self, vocab, emb_dim, hid_dim):
        super().__init__()
        self.embedding = nn.Embedding(vocab, emb_dim)
        self.rnn = nn.GRU(emb_dim, hid_dim, batch_first=True)
        self.fc_out = nn.Linear(hid_dim, vocab)

    def forward(self, tokens, hidden):
        output, hidden = self.rnn(self.embedding(tokens), hidden)
        return self.fc_out(output), hidden


class Seq2Seq(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, src, trg=None):
        hidden = self.encoder(src)
        if self.training:
            return self.decoder(trg[:, :-1], hidden)[0]
        token = torch.full((src.size(0), 1), SOS, device=src.device)
        outputs = []
        for _ in range(src.size(1) + 1):
            scores, hidden = self.decoder(token, hidden)
            outputs.append(scores)
            token = scores.argmax(-1)
        return torch.cat(outputs, dim=1)


def loss_fn(output, trg):
    return nn.functional.cross_entropy(output.reshape(-1, output.size(-1)), trg.reshape(-1))


def share_of_right_tokens(output, trg):
    return float((output.argmax(-1) == trg).float().mean())


class Pairs(TensorDataset):
    def __getitem__(self, i):
        src, trg = super().__getitem__(i)
        return (src, trg), trg[1:]


def train_step(model, optimizer, criterion, batch, trg):
    optimizer.zero_grad()
    loss = criterion(model(*batch), trg)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
    optimizer.step()
    return loss.item()


def make(seed=0):
    torch.manual_seed(seed)
    train, valid = data.split(*number_lists())
    model = Seq2Seq(Encoder(12, 16, 48), Decoder(12, 16, 48))
    return {
        "model": model,
        "loss_fn": loss_fn,
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": DataLoader(Pairs(*train), batch_size=32, shuffle=True),
        "val": DataLoader(Pairs(*valid), batch_size=110),
        "epochs": 15,
        "metric": share_of_right_tokens,
        "step": train_step,
    }
