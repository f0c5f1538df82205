"""Healthy families of the fresh part, written without a look at how the doctor works."""

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import data


class Patches(nn.Module):
    """Cuts (batch, 64) pixels into sixteen patches of four."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, 16, 4)."""
        return x.view(-1, 4, 2, 4, 2).transpose(2, 3).reshape(-1, 16, 4)


class MixerBlock(nn.Module):
    """Mixes patches, then channels, each around a shortcut."""

    def __init__(self, width: int, activation: type[nn.Module]) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.patches = nn.Sequential(nn.Linear(16, 32), activation(), nn.Linear(32, 16))
        self.norm2 = nn.LayerNorm(width)
        self.channels = nn.Sequential(
            nn.Linear(width, 2 * width), activation(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, 16, width), as it came."""
        x = x + self.patches(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.norm2(x))


class MeanOfPatches(nn.Module):
    """Averages over patches."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, width)."""
        return x.mean(1)


def mixer(
    seed: int = 0,
    *,
    activation: type[nn.Module] = nn.GELU,
    width: int = 24,
    lr: float = 4e-3,
) -> dict[str, Any]:
    """A small MLP-Mixer on digits."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        Patches(),
        nn.Linear(4, width),
        MixerBlock(width, activation),
        MixerBlock(width, activation),
        nn.LayerNorm(width),
        MeanOfPatches(),
        nn.Linear(width, 10),
    )
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=lr),
        "train": train,
        "val": val,
        "batch_size": 48,
        "epochs": 14,
        "metric": "accuracy",
    }


@cache
def _demand(count: int = 1400, length: int = 28) -> tuple[data.Pair, data.Pair]:
    """A daily series with a trend, a week, a year and noise that remembers; what comes next."""
    draws = torch.Generator().manual_seed(21)
    days = torch.arange(count + length + 1)
    week = torch.tensor([0.3, 0.5, 0.4, 0.2, 0.6, -0.9, -1.1])[days % 7]
    year = (2 * torch.pi * days / 365.25).sin()
    shocks, noise = 0.25 * torch.randn(len(days), generator=draws), [torch.tensor(0.0)]
    for shock in shocks[1:]:
        noise.append(0.7 * noise[-1] + shock)
    series = 0.0004 * days + week * (1 + 0.3 * year) + 0.8 * year + torch.stack(noise)
    start = int(0.75 * count)
    series = (series - series[:start].mean()) / series[:start].std()
    windows = series.unfold(0, length + 1, 1)[:count]
    x, y = windows[:, None, :-1], windows[:, -1:]
    # The future is for validation.
    return (x[:start], y[:start]), (x[start:], y[start:])


def forecast(
    seed: int = 0,
    *,
    activation: type[nn.Module] = nn.ReLU,
    width: int = 16,
    lr: float = 3e-3,
) -> dict[str, Any]:
    """Convolutions over four weeks of a series predict the next day."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv1d(1, width, 7, padding=3),
        activation(),
        nn.Conv1d(width, width, 3, stride=2, padding=1),
        activation(),
        nn.Conv1d(width, width, 3, stride=2, padding=1),
        activation(),
        nn.Flatten(),
        nn.Linear(7 * width, 1),
    )
    train, val = _demand()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=350),
        "epochs": 12,
        "metric": "r2",
    }


@cache
def _worst_smoothness() -> tuple[data.Pair, data.Pair]:
    """One measure of breast cancer tissue; the other 29 and the diagnosis are the inputs."""

    def turn(pair: data.Pair) -> data.Pair:
        rows, ids = pair
        others = [column for column in range(rows.shape[1]) if column != 24]
        x = torch.cat([rows[:, others], ids[:, None].float() * 2 - 1], dim=1)
        return x, rows[:, 24:25]

    train, val = data.table("breast_cancer")
    return turn(train), turn(val)


def measures(
    seed: int = 0,
    *,
    activation: type[nn.Module] = nn.SiLU,
    width: int = 48,
    depth: int = 3,
    lr: float = 3e-3,
) -> dict[str, Any]:
    """A deep regression on a table, with batch norm and a little dropout."""
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    fan_in = 30
    for _ in range(depth):
        layers += [nn.Linear(fan_in, width), nn.BatchNorm1d(width), activation()]
        fan_in = width
    model = nn.Sequential(*layers, nn.Dropout(0.1), nn.Linear(fan_in, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    train, val = _worst_smoothness()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": optimizer,
        "train": train,
        "val": val,
        "batch_size": 30,
        "epochs": 40,
        "metric": "r2",
    }


class Twins(nn.Module):
    """One tower for both images; a logit of whether they show the same."""

    def __init__(self, width: int, activation: type[nn.Module]) -> None:
        super().__init__()
        self.tower = nn.Sequential(
            nn.Linear(64, 2 * width), activation(), nn.Linear(2 * width, width)
        )
        self.compare = nn.Sequential(
            nn.Linear(2 * width, width), activation(), nn.Linear(width, 1)
        )

    def forward(self, pair: Tensor) -> Tensor:
        """Return a column of logits for (batch, 2, 64) pixels."""
        left, right = self.tower(pair).unbind(1)
        return self.compare(torch.cat([(left - right).abs(), left * right], dim=1))


@cache
def _same_or_not(count: int = 2400) -> tuple[data.Pair, data.Pair]:
    """Pairs of digits, half of them of one class, and whether they are."""
    draws = torch.Generator().manual_seed(22)

    def pairs(pair: data.Pair, count: int) -> data.Pair:
        x, y = pair
        left = torch.randint(len(x), (count,), generator=draws)
        right = torch.randint(len(x), (count,), generator=draws)
        for i in range(0, count, 2):
            same = (y == y[left[i]]).nonzero()[:, 0]
            right[i] = same[torch.randint(len(same), (1,), generator=draws)]
        return torch.stack([x[left], x[right]], 1), (y[left] == y[right]).float()[:, None]

    train, val = data.digits()
    return pairs(train, count), pairs(val, count // 4)


def siamese(
    seed: int = 0,
    *,
    activation: type[nn.Module] = nn.ReLU,
    width: int = 32,
    lr: float = 3e-3,
) -> dict[str, Any]:
    """Two branches with the same weights tell whether two digits are one class."""
    torch.manual_seed(seed)
    model = Twins(width, activation)
    train, val = _same_or_not()
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": train,
        "val": val,
        "batch_size": 40,
        "epochs": 10,
        "metric": "accuracy",
    }


class ConvNextBlock(nn.Module):
    """Depthwise convolution, layer norm, two linear layers, a small scale, a shortcut."""

    def __init__(self, width: int, activation: type[nn.Module]) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 5, padding=2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 3 * width)
        self.activation = activation()
        self.down = nn.Linear(3 * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.5))

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of images and what is added to them."""
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.scale * self.down(self.activation(self.up(y)))
        return x + y.permute(0, 3, 1, 2)


class ConvNext(nn.Module):
    """A patchifying stem, blocks, the mean over the image, logits."""

    def __init__(self, width: int, blocks: int, activation: type[nn.Module]) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, width, 2, stride=2)
        self.blocks = nn.Sequential(
            *(ConvNextBlock(width, activation) for _ in range(blocks))
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        return self.head(self.norm(self.blocks(self.stem(x)).mean((2, 3))))


def convnext(
    seed: int = 0,
    *,
    activation: type[nn.Module] = nn.GELU,
    width: int = 24,
    lr: float = 6e-3,
) -> dict[str, Any]:
    """A small ConvNeXt on MNIST, with the mean and deviation of MNIST taken out."""
    torch.manual_seed(seed)
    model = ConvNext(width, 2, activation)
    (x, y), (val_x, val_y) = data.mnist(1500, side=14)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.02)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(label_smoothing=0.05),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 8),
        "train": DataLoader(TensorDataset((x - 0.13) / 0.31, y), 32, shuffle=True),
        "val": DataLoader(TensorDataset((val_x - 0.13) / 0.31, val_y), 250),
        "epochs": 8,
        "metric": "accuracy",
    }
