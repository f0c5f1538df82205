"""Healthy families that read sequences."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import data


class RowReader(nn.Module):
    """Reads an image row by row and answers after the last."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, width, batch_first=True)
        self.fc = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits for (batch, 64) pixels."""
        out, _ = self.lstm(x.view(-1, 8, 8))
        return self.fc(out[:, -1])


def lstm(seed: int = 0, *, width: int = 32, lr: float = 0.01) -> dict[str, Any]:
    """An LSTM that reads digits row by row."""
    torch.manual_seed(seed)
    model = RowReader(width)
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": DataLoader(TensorDataset(*train), batch_size=64, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=450),
        "epochs": 12,
        "metric": "accuracy",
    }


class Forecaster(nn.Module):
    """A GRU and a linear layer on its last state."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gru = nn.GRU(1, width, batch_first=True)
        self.fc = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the next value as a column."""
        _, last = self.gru(x)
        return self.fc(last[0])


def gru(seed: int = 0, *, width: int = 24, lr: float = 0.01) -> dict[str, Any]:
    """A GRU that forecasts waves, with clipped gradients in a step of its own."""
    torch.manual_seed(seed)
    model = Forecaster(width)

    def step(model: Any, optimizer: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.detach()

    train, val = data.waves()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 8,
        "metric": "r2",
        "step": step,
    }


class Reverser(nn.Module):
    """A Transformer encoder with learned positions."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10, width)
        self.positions = nn.Parameter(torch.randn(8, width) * 0.1)
        layer = nn.TransformerEncoderLayer(
            width, nhead=4, dim_feedforward=2 * width, dropout=dropout,
            batch_first=True, norm_first=True,
        )  # fmt: skip
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(width, 10)

    def forward(self, ids: Tensor) -> Tensor:
        """Return logits of each position, classes on axis 1 as torch's loss wants."""
        x = self.encoder(self.embedding(ids) + self.positions)
        return self.head(x).transpose(1, 2)


def transformer(
    seed: int = 0, *, width: int = 32, dropout: float = 0.0, lr: float = 3e-3
) -> dict[str, Any]:
    """A Transformer that learns to reverse sequences."""
    torch.manual_seed(seed)
    model = Reverser(width, dropout)
    train, val = data.reversal()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.01),
        "train": train,
        "val": val,
        "batch_size": 64,
        "epochs": 24,
    }


class CharacterModel(nn.Module):
    """Embedding, GRU, logits of the next character at each position."""

    def __init__(self, symbols: int, width: int) -> None:
        super().__init__()
        self.emb = nn.Embedding(symbols, width)
        self.rnn = nn.GRU(width, 2 * width, batch_first=True)
        self.out = nn.Linear(2 * width, symbols)

    def forward(self, ids: Tensor) -> Tensor:
        """Return logits (batch, time, symbols)."""
        return self.out(self.rnn(self.emb(ids))[0])


def _loss_of_characters(output: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(output.reshape(-1, output.shape[-1]), target.reshape(-1))


def _share_of_right_characters(output: Tensor, target: Tensor) -> float:
    return float((output.argmax(-1) == target).float().mean())


def characters(seed: int = 0, *, width: int = 32, lr: float = 0.01) -> dict[str, Any]:
    """A character model of a novel, with a loss and a metric of its own."""
    torch.manual_seed(seed)
    train, val, symbols = data.characters()
    model = CharacterModel(symbols, width)
    return {
        "model": model,
        "loss_fn": _loss_of_characters,
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 8,
        "metric": _share_of_right_characters,
    }


class WhoWrote(nn.Module):
    """The mean of embedded characters, then two layers."""

    def __init__(self, symbols: int, width: int, activation: Callable[..., Tensor]) -> None:
        super().__init__()
        self.bigrams = nn.Embedding(symbols * symbols, width)
        self.symbols = symbols
        self.hidden = nn.Linear(width, width)
        self.out = nn.Linear(width, 2)
        self.activation = activation

    def forward(self, ids: Tensor) -> Tensor:
        """Return logits of the two authors."""
        pairs = ids[:, :-1] * self.symbols + ids[:, 1:]
        x = self.bigrams(pairs).mean(1)
        return self.out(self.activation(self.hidden(x)))


def embedding(
    seed: int = 0,
    *,
    activation: Callable[[Tensor], Tensor] = F.relu,
    width: int = 24,
    lr: float = 5e-3,
) -> dict[str, Any]:
    """Which of two books a line is from, through embedded pairs of characters."""
    torch.manual_seed(seed)
    train, val, symbols = data.two_authors()
    model = WhoWrote(symbols, width, activation)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 15,
        "metric": "accuracy",
    }


class Adder(nn.Module):
    """A vanilla RNN or LSTM that keeps two numbers in mind."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.rnn = nn.LSTM(2, width, batch_first=True)
        self.fc = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum as a column."""
        return self.fc(self.rnn(x)[0][:, -1])


def adding(seed: int = 0, *, width: int = 32, lr: float = 0.01) -> dict[str, Any]:
    """The adding task with an LSTM."""
    torch.manual_seed(seed)
    model = Adder(width)
    train, val = data.adding(length=10)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 20,
        "metric": "r2",
    }
