"""Translates spelled numbers into digits; only the optimizer of the decoder makes steps.

Backward goes through both networks, but the encoder stays as it was drawn.
"""

import torch
from torch import nn

SOURCE = "https://github.com/spro/practical-pytorch/issues/113"
CAUSES = ("frozen_parameters",)

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
)
ONES = (ONES + " fifteen sixteen seventeen eighteen nineteen").split()
TENS = [
    "-",
    "-",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
]
LETTERS = {c: i for i, c in enumerate("_ -abcdefghijklmnopqrstuvwxyz")}
SOS = 10
MAX_LENGTH = 27


def spelled(n):
    if n >= 100:
        rest = f" {spelled(n % 100)}" if n % 100 else ""
        return f"{ONES[n // 100]} hundred{rest}"
    if n >= 20:
        return TENS[n // 10] + (f"-{ONES[n % 10]}" if n % 10 else "")
    return ONES[n]


def tensors():
    rows = [[LETTERS[c] for c in spelled(n).rjust(MAX_LENGTH, "_")] for n in range(1000)]
    digits = [[int(c) for c in f"{n:03d}"] for n in range(1000)]
    order = torch.randperm(1000, generator=torch.Generator().manual_seed(3))
    inputs, targets = torch.tensor(rows)[order], torch.tensor(digits)[order]
    return (inputs[:800], targets[:800]), (inputs[800:], targets[800:])


class EncoderRNN(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(input_size, 16)
        self.gru = nn.GRU(16, hidden_size, batch_first=True)

    def forward(self, input):
        return self.gru(self.embedding(input))[1]


class DecoderRNN(nn.Module):
    def __init__(self, hidden_size, output_size):
        super().__init__()
        self.embedding = nn.Embedding(output_size + 1, 16)
        self.gru = nn.GRU(16, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, output_size)

    def forward(self, hidden, length=3):
        input = torch.full((hidden.size(1), 1), SOS)
        scores = []
        for _ in range(length):
            output, hidden = self.gru(self.embedding(input), hidden)
            scores.append(self.out(output[:, 0]))
            input = scores[-1].argmax(1, keepdim=True)
        return torch.stack(scores, 1)


class Seq2Seq(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = EncoderRNN(len(LETTERS), 64)
        self.decoder = DecoderRNN(64, 10)

    def forward(self, input):
        return self.decoder(self.encoder(input))


def make(seed, parts):
    torch.manual_seed(seed)
    train, val = tensors()
    model = Seq2Seq()
    criterion = nn.CrossEntropyLoss()
    return {
        "model": model,
        "loss_fn": lambda scores, digits: criterion(scores.transpose(1, 2), digits),
        "optimizer": torch.optim.Adam(
            [p for name in parts for p in getattr(model, name).parameters()], lr=4e-3
        ),
        "train": train,
        "val": val,
        "batch_size": 25,
        "epochs": 12,
        "metric": lambda scores, digits: float((scores.argmax(2) == digits).float().mean()),
    }


def make_faulty(seed=0):
    return make(seed, parts=["decoder"])


def make_fixed(seed=0):
    return make(seed, parts=["encoder", "decoder"])
