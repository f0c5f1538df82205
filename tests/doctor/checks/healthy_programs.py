"""Programs that are as they should be, and odd enough to set off careless rules."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from headway.doctor.program import MakeProgram

from .small_programs import Function, cancer, diabetes, digits, mlp, one_hot, program, wine

CE = nn.CrossEntropyLoss()
LOGITS = nn.BCEWithLogitsLoss()
_RNG = torch.Generator().manual_seed(0)
_TOKENS = torch.randint(0, 20, (400, 8), generator=_RNG)
_TAGS = (_TOKENS % 3, (_TOKENS % 3).masked_fill(_TOKENS > 16, -100))
_XOR = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]).repeat(50, 1)


def _focal(outputs: Tensor, targets: Tensor) -> Tensor:
    log_p = F.log_softmax(outputs, dim=1)
    return F.nll_loss((1 - log_p.exp()) ** 2 * log_p, targets)


def _hinge(outputs: Tensor, targets: Tensor) -> Tensor:
    return (1 - outputs * targets).clamp(min=0).mean()


def _own_cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    return -torch.log(outputs.gather(1, targets.unsqueeze(1)) + 1e-9).mean()


def _pinball(outputs: Tensor, targets: Tensor) -> Tensor:
    q = torch.tensor([0.1, 0.5, 0.9])
    error = targets - outputs
    return torch.maximum(q * error, (q - 1) * error).mean()


def _gaussian(outputs: Tensor, targets: Tensor) -> Tensor:
    return F.gaussian_nll_loss(outputs[:, :1], targets, outputs[:, 1:].exp())


def _flat(outputs: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(outputs.flatten(0, 1), targets.flatten())


def _contrastive(outputs: Tensor, targets: Tensor) -> Tensor:
    near = F.normalize(outputs) @ F.normalize(outputs).T
    same = (targets[:, None] == targets[None, :]).float()
    return (same * (1 - near) + (1 - same) * near.clamp(min=0)).mean()


def _labels() -> tuple[Tensor, Tensor]:
    inputs, ids = digits()
    return inputs, torch.stack([ids % 2 == 0, ids > 4, ids < 3], dim=1).float()


def _with(data: tuple[Tensor, Tensor], change) -> tuple[Tensor, Tensor]:
    return data[0], change(data[1])


def _autoencoder(n_in: int, n_out: int) -> nn.Module:
    return nn.Sequential(nn.Linear(n_in, 32), nn.ReLU(), nn.Linear(32, n_out), nn.Sigmoid())


def _first(norm: nn.Module):
    return lambda n_in, n_out: nn.Sequential(norm, *mlp()(n_in, n_out))


def _tagger(n_in: int, n_out: int) -> nn.Module:
    return nn.Sequential(nn.Embedding(20, 16), nn.Linear(16, n_out))


def _two_heads(n_in: int, n_out: int) -> nn.Module:
    return Function(
        lambda m, x: {"logits": m[0](x), "size": m[1](x)},
        nn.Linear(n_in, n_out),
        nn.Linear(n_in, 1),
    )


def _both(outputs, targets: Tensor) -> Tensor:
    size = targets.float().unsqueeze(1) / 10
    return F.cross_entropy(outputs["logits"], targets) + F.mse_loss(outputs["size"], size)


HEALTHY: dict[str, MakeProgram] = {
    "logits": program(mlp(), CE, digits(), 10),
    "log-softmax and NLL": program(mlp(nn.LogSoftmax(1)), nn.NLLLoss(), digits(), 10),
    "log-softmax and cross-entropy": program(mlp(nn.LogSoftmax(1)), CE, digits(), 10),
    "one-hot and cross-entropy": program(mlp(), CE, one_hot(digits()), 10),
    "label smoothing": program(
        mlp(), nn.CrossEntropyLoss(label_smoothing=0.1), digits(), 10
    ),
    "focal loss": program(mlp(), _focal, digits(), 10),
    "own cross-entropy": program(mlp(nn.Softmax(1)), _own_cross_entropy, digits(), 10),
    "margin": program(mlp(), nn.MultiMarginLoss(), digits(), 10),
    "ids from 1 with an output more": program(
        mlp(), CE, _with(digits(), lambda y: y + 1), 11
    ),
    "column and squeezing loss": program(
        mlp(), lambda o, t: CE(o, t.squeeze(1)), _with(digits(), lambda y: y[:, None]), 10
    ),
    "raw digits, 0 to 16": program(
        mlp(), CE, (digits()[0] * 16, digits()[1]), 10, lr=0.003
    ),
    "division inside": program(
        lambda a, b: Function(lambda m, x: m[0](x / 255), mlp()(a, b)),
        CE,
        (digits()[0] * 255, digits()[1]),
        10,
    ),
    "norm first": program(_first(nn.BatchNorm1d(13)), CE, wine(), 3, lr=0.03),
    "yes or no": program(mlp(), LOGITS, cancer(), 1),
    "yes or no as probability": program(mlp(nn.Sigmoid()), nn.BCELoss(), cancer(), 1),
    "squeezing loss": program(
        mlp(), lambda o, t: LOGITS(o.squeeze(1), t), _with(cancer(), lambda y: y[:, 0]), 1
    ),
    "hinge": program(mlp(), _hinge, _with(cancer(), lambda y: y * 2 - 1), 1),
    "tanh and distance to signs": program(
        mlp(nn.Tanh()), nn.MSELoss(), _with(cancer(), lambda y: y * 2 - 1), 1
    ),
    "two logits": program(mlp(), CE, _with(cancer(), lambda y: y[:, 0].long()), 2),
    "labels": program(mlp(), LOGITS, _labels(), 3),
    "values": program(mlp(), nn.MSELoss(), diabetes(), 1, lr=0.003),
    "positive values": program(
        mlp(nn.Softplus()), nn.MSELoss(), _with(diabetes(), lambda y: y + 2), 1, lr=0.003
    ),
    "quantiles": program(mlp(), _pinball, diabetes(), 3, lr=0.003),
    "mean and variance": program(mlp(), _gaussian, diabetes(), 2, lr=0.003),
    "autoencoder": program(
        _autoencoder, nn.BCELoss(), (digits()[0], digits()[0]), 64, epochs=20
    ),
    "tags": program(_tagger, _flat, (_TOKENS, _TAGS[0]), 3, lr=0.03),
    "tags, some ignored": program(_tagger, _flat, (_TOKENS, _TAGS[1]), 3, lr=0.03),
    "exclusive or": program(
        mlp(act=nn.Tanh),
        LOGITS,
        (_XOR, (_XOR.sum(dim=1) == 1).float().unsqueeze(1)),
        1,
        lr=0.05,
        epochs=40,
    ),
    "two heads": program(_two_heads, _both, digits(), 10),
    "contrastive": program(mlp(), _contrastive, digits(), 8),
    "a metric of its own": program(
        mlp(), CE, digits(), 10, metric=lambda o, t: (o.argmax(1) == t).float().mean()
    ),
}
