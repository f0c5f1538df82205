"""What a sweep says depends on what there is to compare the program with."""

import pytest
import torch

from headway.doctor.probes.sweep import Sweep, SweepPoint
from headway.doctor.progress import Progress
from headway.doctor.short_runs import Reached
from headway.doctor.sweep_findings import rate_finding


@pytest.mark.parametrize(
    ("lr", "reached", "severity"),
    [
        (1e-3, Progress(), "info"),
        (1e-6, Progress(), "error"),
        (1e-3, Progress(has_diverged=True), "error"),
        (1e-3, Progress(metric=0.1, dumb=0.1, good=0.9, is_known=True), "error"),
    ],
    ids=["usual rate", "odd rate", "diverged", "stuck"],
)
def test_a_usual_rate_is_a_fault_only_of_a_program_that_is_known_to_be_poor(
    lr: float, reached: Progress, severity: str
) -> None:
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    own, other = Reached(scores=(0.1,)), Reached(scores=(0.8,))
    points = tuple(
        SweepPoint(lr=lr * factor, factor=factor, reached=score)
        for factor, score in ((1.0, own), (10.0, other))
    )
    sweep = Sweep(
        own_lr=lr,
        own=own,
        points=points,
        best=points[1],
        nearest_factor=10.0,
        gain=0.7,
        is_confirmed=True,
    )
    assert rate_finding("lr_low", sweep, reached, optimizer).severity == severity
