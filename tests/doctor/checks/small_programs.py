"""Small programs on tables and digits, and evidence about their data and first batch."""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from torch import Tensor, nn

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Examples
from headway.doctor.inference import infer_task
from headway.doctor.probes.baselines import probe_baselines
from headway.doctor.probes.data_facts import probe_data_facts
from headway.doctor.probes.first_batch import probe_first_batch
from headway.doctor.program import MakeProgram, Program, call_model, seed_all
from headway.doctor.training import train
from headway.measure.probe import evaluating

Pair = tuple[Any, Any]


@cache
def _table(load: Callable[[], Any]) -> Pair:
    table = load()
    order = torch.randperm(len(table.target), generator=torch.Generator().manual_seed(0))
    inputs = torch.tensor(table.data, dtype=torch.float32)[order]
    return inputs, torch.tensor(table.target)[order]


def digits() -> Pair:
    """Images from 0 to 1 and ids of 10 classes."""
    inputs, targets = _table(load_digits)
    return inputs[:900] / 16, targets[:900]


def wine() -> Pair:
    """Raw columns of very different size and ids of 3 classes."""
    return _table(load_wine)


def cancer() -> Pair:
    """Standardized columns, and 0 or 1 as a column."""
    inputs, targets = _table(load_breast_cancer)
    return standardized(inputs), targets.float().unsqueeze(1)


def diabetes() -> Pair:
    """Standardized columns and a standardized value as a column."""
    inputs, targets = _table(load_diabetes)
    return standardized(inputs), standardized(targets.float()).unsqueeze(1)


def standardized(values: Tensor) -> Tensor:
    return (values - values.mean(dim=0)) / values.std(dim=0).clamp(min=1e-6)


def one_hot(data: Pair) -> Pair:
    """The same with one-hot targets."""
    return data[0], F.one_hot(data[1]).float()


def mlp(
    *tail: nn.Module, act: type[nn.Module] = nn.ReLU
) -> Callable[[int, int], nn.Module]:
    """Return what builds an MLP between two widths, with something after it."""
    return lambda n_in, n_out: nn.Sequential(
        nn.Linear(n_in, 32), act(), nn.Linear(32, n_out), *tail
    )


class Function(nn.Module):
    """Modules, and a function that calls them."""

    def __init__(self, function: Callable[..., Any], *parts: nn.Module) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.function = function

    def forward(self, *inputs: Tensor) -> Any:
        return self.function(self.parts, *inputs)


def program(
    build: Callable[[int, int], nn.Module],
    loss_fn: Any,
    data: Pair,
    num_outputs: int,
    *,
    lr: float = 0.01,
    epochs: int = 8,
    optimizer: type[torch.optim.Optimizer] = torch.optim.Adam,
    val: Pair | None = None,
    **others: Any,
) -> MakeProgram:
    """Return what makes a program; a quarter of the data is for validation."""
    cut = len(data[0]) * 3 // 4
    first, rest = (data[0][:cut], data[1][:cut]), (data[0][cut:], data[1][cut:])

    def make(seed: int) -> Program:
        seed_all(seed)
        model = build(data[0].shape[-1], num_outputs)
        return Program(
            model=model,
            loss_fn=loss_fn,
            optimizer=optimizer(model.parameters(), lr=lr),
            train=Examples(source=first),
            val=Examples(source=val or rest, shuffle=False),
            epochs=epochs,
            seed=seed,
            **others,
        )

    return make


def evidence_of(make: MakeProgram, *, is_trained: bool = False) -> Evidence:
    """Return the evidence about data and first batch, and about a training if asked for."""
    made = make(0)
    inputs, targets = made.train.some(256)
    with evaluating(made.model):
        outputs = call_model(made.model, inputs)
    task = infer_task(inputs, outputs, targets, made.loss_fn, made.metric)
    evidence = Evidence(make=make, program=made, task=task)
    evidence.data = probe_data_facts(evidence, Budget())
    evidence.first_batch = probe_first_batch(evidence, Budget())
    if is_trained:
        evidence.baselines = probe_baselines(evidence, Budget())
        evidence.course = train(make(0), evaluations=2)
    return evidence
