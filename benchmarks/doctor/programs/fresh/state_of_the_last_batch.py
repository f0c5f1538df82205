"""The hidden state goes on to the next batch with its graph, which is gone by then."""

import torch
from torch import nn

import data

SOURCE = "https://discuss.pytorch.org/t/runtimeerror-trying-to-backward-through-the-graph-a-second-time-but-the-buffers-have-already-been-freed-specify-retain-graph-true-when-calling-backward-the-first-time/6795"
CAUSES = ("gradient_wiring",)


class CharGRU(nn.Module):
    def __init__(self, n_chars, hidden_size=64):
        super().__init__()
        self.encoder = nn.Embedding(n_chars, 32)
        self.gru = nn.GRU(32, hidden_size, batch_first=True)
        self.decoder = nn.Linear(hidden_size, n_chars)
        self.hidden_size = hidden_size

    def init_hidden(self, batch_size):
        return torch.zeros(1, batch_size, self.hidden_size)

    def forward(self, ids, hidden=None):
        if hidden is None:
            hidden = self.init_hidden(len(ids))
        states, hidden = self.gru(self.encoder(ids), hidden)
        self.last_hidden = hidden
        return self.decoder(states).transpose(1, 2)


def story(n_rows=20, length=24):
    """Cut a story into rows that go on from one batch to the next."""
    text = data.text("timemachine").lower()[:48_000]
    alphabet = {c: i for i, c in enumerate(sorted(set(text)))}
    ids = torch.tensor([alphabet[c] for c in text])
    n_batches = (len(ids) - 1) // (n_rows * length)
    count = n_rows * n_batches * length

    def in_order(part):
        rows = part.view(n_rows, n_batches, length)
        return rows.transpose(0, 1).reshape(-1, length)

    x, y = in_order(ids[:count]), in_order(ids[1 : count + 1])
    cut = n_rows * (n_batches * 4 // 5)
    return (x[:cut], y[:cut]), (x[cut:], y[cut:]), len(alphabet)


def make(seed, detach):
    torch.manual_seed(seed)
    train, val, n_chars = story()
    model = CharGRU(n_chars)
    carried = {"hidden": model.init_hidden(20)}

    def step(model, optimizer, criterion, inputs, targets):
        hidden = carried["hidden"]
        if detach:
            hidden = hidden.detach()
        optimizer.zero_grad()
        loss = criterion(model(inputs, hidden), targets)
        loss.backward()
        optimizer.step()
        carried["hidden"] = model.last_hidden
        return loss

    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": train,
        "val": val,
        "batch_size": 20,
        "shuffle": False,
        "epochs": 8,
        "metric": lambda out, y: float((out.argmax(1) == y).float().mean()),
        "step": step,
    }


def make_faulty(seed=0):
    return make(seed, detach=False)


def make_fixed(seed=0):
    return make(seed, detach=True)
