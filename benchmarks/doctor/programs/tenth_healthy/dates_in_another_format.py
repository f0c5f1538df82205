"""A Transformer writes dates like "3 march 1987" as "87-03-03", by teacher forcing.

Encoder and decoder attend to the letters, of either side, with learned positions.
"""

import torch
from torch import nn

MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
]
MONTHS += ["november", "december"]
CHARS = {c: i for i, c in enumerate("_ abcdefghijklmnopqrstuvwxyz0123456789-")}
BEGIN = len(CHARS)
LONG = 17


def dates(count, seed):
    """Return ((letters, what was written so far), letters to write)."""
    draws = torch.Generator().manual_seed(seed)
    sources, targets = [], []
    for _ in range(count):
        day = int(torch.randint(1, 29, (), generator=draws))
        month = int(torch.randint(12, (), generator=draws))
        year = int(torch.randint(1930, 2030, (), generator=draws))
        sources.append([CHARS[c] for c in f"{day} {MONTHS[month]} {year}".ljust(LONG, "_")])
        targets.append([CHARS[c] for c in f"{year % 100:02d}-{month + 1:02d}-{day:02d}"])
    targets = torch.tensor(targets)
    written = torch.cat([torch.full((count, 1), BEGIN), targets[:, :-1]], dim=1)
    return list(zip(zip(torch.tensor(sources), written, strict=True), targets, strict=True))


class Rewriter(nn.Module):
    def __init__(self, d_model=48):
        super().__init__()
        self.embed = nn.Embedding(len(CHARS) + 1, d_model)
        self.source_places = nn.Parameter(0.1 * torch.randn(LONG, d_model))
        self.target_places = nn.Parameter(0.1 * torch.randn(8, d_model))
        self.transformer = nn.Transformer(
            d_model, nhead=4, num_encoder_layers=1, num_decoder_layers=1,
            dim_feedforward=96, dropout=0.0, batch_first=True,
        )  # fmt: skip
        self.out = nn.Linear(d_model, len(CHARS))

    def forward(self, source, written):
        mask = nn.Transformer.generate_square_subsequent_mask(written.size(1))
        states = self.transformer(
            self.embed(source) + self.source_places,
            self.embed(written) + self.target_places,
            tgt_mask=mask,
            src_key_padding_mask=source == 0,
            memory_key_padding_mask=source == 0,
        )
        return self.out(states)


def whole_dates(scores, targets):
    return float((scores.argmax(2) == targets).all(1).float().mean())


def make(seed=0):
    torch.manual_seed(seed)
    model = Rewriter()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    criterion = nn.CrossEntropyLoss()
    return {
        "model": model,
        "loss_fn": lambda scores, targets: criterion(scores.transpose(1, 2), targets),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(
            optimizer, 12, eta_min=1e-4
        ),
        "train": torch.utils.data.DataLoader(dates(2000, 1), batch_size=40, shuffle=True),
        "val": torch.utils.data.DataLoader(dates(400, 2), batch_size=200),
        "epochs": 12,
        "metric": whole_dates,
    }
