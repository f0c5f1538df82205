"""Evidence about the layers of a network, before and after a training."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Examples
from headway.doctor.inference import infer_task
from headway.doctor.probes.flow import measure_flow
from headway.doctor.program import Program, seed_all
from headway.doctor.training import train


def flow_of(
    build: Callable[[], nn.Module],
    *,
    inputs: Tensor | None = None,
    loss_fn: Any = None,
    lr: float = 0.05,
    trained_steps: int = 0,
    **others: Any,
) -> Evidence:
    """Return the evidence of the probe `flow`, without any progress to judge by."""

    def make(seed: int) -> Program:
        seed_all(seed)
        x = torch.randn(256, 20) if inputs is None else inputs
        y = (x.float().flatten(1)[:, :3].square().sum(dim=1) > 2.4).long()
        model = build()
        return Program(
            model=model,
            loss_fn=loss_fn or nn.CrossEntropyLoss(),
            optimizer=torch.optim.SGD(model.parameters(), lr=lr),
            train=Examples(source=(x, y), batch_size=64),
            seed=seed,
            **others,
        )

    program = make(0)
    x, y = program.train.first(32)
    outputs = torch.zeros(32, 2)
    task = infer_task(x, outputs, y, program.loss_fn)
    evidence = Evidence(make=make, program=program, task=task)
    evidence.flow = measure_flow(make(0), Budget())
    if trained_steps:
        trained = make(0)
        train(trained, max_steps=trained_steps, evaluations=1)
        evidence.late_flow = measure_flow(trained, Budget())
    return evidence


@pytest.fixture
def flow() -> Callable[..., Evidence]:
    """What makes evidence about the layers of a network."""
    return flow_of
