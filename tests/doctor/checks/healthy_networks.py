"""Networks that are as they should be, and odd enough to set off careless rules."""

from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def chain(
    activation: Callable[[], nn.Module],
    depth: int,
    *,
    width: int = 32,
    norm: Callable[[int], nn.Module] | None = None,
) -> nn.Sequential:
    """Return a plain chain of linear layers for 20 features and 2 classes."""
    widths = [20] + [width] * depth
    parts: list[nn.Module] = []
    for n_in, n_out in pairwise(widths):
        parts += [nn.Linear(n_in, n_out), *([norm(n_out)] if norm else []), activation()]
    return nn.Sequential(*parts, nn.Linear(width, 2))


def selu() -> nn.Module:
    """Ten layers that normalize themselves, from LeCun's initialization."""
    model = chain(nn.SELU, 10)
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=module.in_features**-0.5)
            nn.init.zeros_(module.bias)
    return model


def deep_relu() -> nn.Module:
    """Ten layers of ReLU from He's initialization."""
    model = chain(nn.ReLU, 10)
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            nn.init.zeros_(module.bias)
    return model


class Block(nn.Module):
    """A residual block whose branch starts at 0."""

    def __init__(self, *, before: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(8), nn.BatchNorm2d(8)
        self.conv1 = nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.before = before
        nn.init.zeros_(self.conv2.weight if before else self.norm2.weight)

    def forward(self, x: Tensor) -> Tensor:
        if self.before:
            h = self.conv1(F.relu(self.norm1(x)))
            return x + self.conv2(F.relu(self.norm2(h)))
        h = F.relu(self.norm1(self.conv1(x)))
        return F.relu(x + self.norm2(self.conv2(h)))


class Residual(nn.Module):
    """A deep residual network with zero-initialized branches."""

    def __init__(self, *, before: bool = False) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1)
        self.blocks = nn.Sequential(*(Block(before=before) for _ in range(4)))
        self.head = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = x.reshape(len(x), 1, 4, 5)
        return self.head(self.blocks(self.stem(x)).mean(dim=(2, 3)))


class SqueezeExcite(nn.Module):
    """Sigmoid gates beside a chain of ReLU."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(20, 20) for _ in range(4))
        self.gates = nn.ModuleList(nn.Linear(20, 20) for _ in range(4))
        self.head = nn.Linear(20, 2)

    def forward(self, x: Tensor) -> Tensor:
        for layer, gate in zip(self.layers, self.gates, strict=True):
            x = F.relu(layer(x)) * torch.sigmoid(gate(x)) * 2
        return self.head(x)


class Transformer(nn.Module):
    """Pre-norm layers over token embeddings, from small weights as GPT-2 has them."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(30, 32)
        layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)
        self.head = nn.Linear(32, 2)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.encoder(self.table(ids)).mean(dim=1))


class Recurrent(nn.Module):
    """A GRU whose last state is classified, with gates that nobody sees."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(4, 16, batch_first=True)
        self.head = nn.Linear(16, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(x.reshape(len(x), 5, 4))[0][:, -1])


class FineTuned(nn.Module):
    """A frozen body of huge, symmetric weights and a fresh zero head."""

    def __init__(self) -> None:
        super().__init__()
        self.body = chain(nn.ReLU, 2)[:-1]
        for parameter in self.body.parameters():
            nn.init.constant_(parameter, 10.0)
        self.body.requires_grad_(False)
        self.mix = nn.Linear(32, 32)
        self.head = nn.Linear(32, 2)
        nn.init.zeros_(self.head.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.mix(self.body(x) / 1e5)))


class ScaledHead(nn.Module):
    """A head with weights of variance 1 behind a scale, as T5 shares them with a table."""

    def __init__(self) -> None:
        super().__init__()
        self.body = chain(nn.ReLU, 1, width=64)[:-1]
        self.head = nn.Linear(64, 2, bias=False)
        nn.init.normal_(self.head.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x) / 8)


HEALTHY: dict[str, Callable[[], nn.Module]] = {
    "mlp": lambda: chain(nn.ReLU, 2),
    "tanh": lambda: chain(nn.Tanh, 3),
    "gelu": lambda: chain(nn.GELU, 3),
    "deep relu": deep_relu,
    "selu": selu,
    "deep with batch norm": lambda: chain(nn.ReLU, 12, norm=nn.BatchNorm1d),
    "deep with layer norm": lambda: chain(nn.Tanh, 12, norm=nn.LayerNorm),
    "residual": Residual,
    "pre-activation": lambda: Residual(before=True),
    "gates": SqueezeExcite,
    "recurrent": Recurrent,
    "fine-tuned": FineTuned,
    "scaled head": ScaledHead,
    "logistic regression": lambda: nn.Linear(20, 2),
}
