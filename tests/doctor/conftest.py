"""Small programs on handwritten digits, healthy and faulty."""

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examine import examine_batch
from headway.doctor.examples import Examples
from headway.doctor.probes.ablation import probe_ablation
from headway.doctor.probes.baselines import probe_baselines
from headway.doctor.probes.overfit import probe_overfit
from headway.doctor.probes.sweep import probe_sweep
from headway.doctor.probes.watched import probe_watched
from headway.doctor.program import MakeProgram, Program, seed_all


@cache
def _digits() -> tuple[Tensor, Tensor]:
    digits = load_digits()
    order = torch.randperm(len(digits.target), generator=torch.Generator().manual_seed(0))
    inputs = torch.tensor(digits.data, dtype=torch.float32)[order]
    return inputs / 16, torch.tensor(digits.target)[order]


def digits_mlp(
    *,
    lr: float = 0.1,
    activation: Callable[[], nn.Module] = nn.ReLU,
    depth: int = 1,
    head: Callable[[], nn.Module] | None = None,
    loss_fn: Callable[[], Any] = nn.CrossEntropyLoss,
    factor: float = 1.0,
    epochs: int = 8,
    with_val: bool = True,
    **others: Any,
) -> MakeProgram:
    """Return what makes an MLP that learns 800 digits in a fraction of a second."""

    def make(seed: int) -> Program:
        seed_all(seed)
        inputs, targets = _digits()
        width = [64] + [32] * depth
        layers = [
            part
            for n_in, n_out in pairwise(width)
            for part in (nn.Linear(n_in, n_out), activation())
        ]
        model = nn.Sequential(*layers, nn.Linear(32, 10), *([head()] if head else []))
        train = Examples(source=(inputs[:800] * factor, targets[:800]), batch_size=32)
        val = Examples(source=(inputs[800:] * factor, targets[800:]), shuffle=False)
        settings: dict[str, Any] = {
            "model": model,
            "loss_fn": loss_fn(),
            "optimizer": torch.optim.SGD(model.parameters(), lr=lr),
            "train": train,
            "val": val if with_val else None,
            "epochs": epochs,
            "metric": "accuracy",
            "seed": seed,
        }
        return Program(**(settings | others))

    return make


@pytest.fixture(scope="session")
def digits() -> Callable[..., MakeProgram]:
    """What makes makers of programs on handwritten digits; see `digits_mlp`."""
    return digits_mlp


def measure(make: MakeProgram, *sections: str, budget: float = 60.0) -> Evidence:
    """Return evidence with baselines, the program's own training, and other sections."""
    evidence = examine_batch(make, Budget())
    clock = Budget(budget)
    evidence.baselines = probe_baselines(evidence, clock)
    evidence.course = probe_watched(evidence, clock)
    probes: dict[str, Any] = {
        "sweep": probe_sweep,
        "overfit": probe_overfit,
        "ablation": probe_ablation,
    }
    for name in sections:
        setattr(evidence, name, probes[name](evidence, clock))
    return evidence


@pytest.fixture(scope="session")
def measured() -> Callable[..., Evidence]:
    """What measures a program, section by section; see `measure`."""
    return measure
