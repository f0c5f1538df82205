"""Gradients of a recurrent network are clipped after the step, when it is too late for it."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/VGraphRNN/VGRNN/issues/4"
CAUSES = ("exploding_gradient", "lr_high")


class RNNModel(nn.Module):
    """A plain recurrent network that says which character comes next."""

    def __init__(self, ntoken, ninp, nhid):
        super().__init__()
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = nn.RNN(ninp, nhid, batch_first=True)
        self.decoder = nn.Linear(nhid, ntoken)
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def forward(self, ids):
        output, _ = self.rnn(self.encoder(ids))
        return self.decoder(output)


def nll(logits, targets):
    return nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def next_is_right(logits, targets):
    return (logits.argmax(-1) == targets).float().mean().item()


def make(seed, *, clip_first):
    torch.manual_seed(seed)
    train, val, ntokens = data.characters(length=40, count=1600)
    model = RNNModel(ntokens, 24, 80)
    optimizer = torch.optim.SGD(model.parameters(), lr=4.0)

    def step(model, optimizer, loss_fn, ids, targets):
        optimizer.zero_grad()
        loss = loss_fn(model(ids), targets)
        loss.backward()
        if clip_first:
            nn.utils.clip_grad_norm_(model.parameters(), 0.25)
            optimizer.step()
        else:
            optimizer.step()
            nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        return loss

    return {
        "model": model,
        "loss_fn": nll,
        "optimizer": optimizer,
        "train": train,
        "val": val,
        "batch_size": 20,
        "epochs": 14,
        "scheduler": torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.88),
        "metric": next_is_right,
        "step": step,
    }


def make_faulty(seed=0):
    return make(seed, clip_first=False)


def make_fixed(seed=0):
    return make(seed, clip_first=True)
