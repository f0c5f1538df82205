"""Norms within a sample that take their statistics over a single number."""

import pytest
import torch
from torch import nn

from headway.doctor.checks.normalization import check_normalization
from headway.doctor.program import MakeProgram

from .small_programs import digits, evidence_of, program

X, Y = digits()


def with_norm(*layers: nn.Module) -> MakeProgram:
    """Return a network with some layers between 16 features and the classes."""

    def build(n_in: int, n_out: int) -> nn.Module:
        return nn.Sequential(nn.Linear(n_in, 16), *layers, nn.Linear(16, n_out))

    return program(build, nn.CrossEntropyLoss(), (X[:200], Y[:200]), 10)


def lone(norm: nn.Module) -> list[nn.Module]:
    """Return a norm of single features."""
    return [nn.Unflatten(1, (16, 1)), norm, nn.Flatten()]


LONE = {
    "groups of one channel": with_norm(*lone(nn.GroupNorm(16, 16))),
    "layer norm of one feature": with_norm(*lone(nn.LayerNorm(1))),
    "rms norm of one feature": with_norm(*lone(nn.RMSNorm(1))),
}
SEVERAL = {
    "groups of several channels": with_norm(nn.GroupNorm(4, 16)),
    "groups of one channel with places": with_norm(
        nn.Unflatten(1, (4, 4)), nn.GroupNorm(4, 4), nn.InstanceNorm1d(4), nn.Flatten()
    ),
    "layer norm": with_norm(nn.LayerNorm(16)),
    "batch norm": with_norm(nn.BatchNorm1d(16)),
}


@pytest.mark.parametrize("make", LONE.values(), ids=LONE)
def test_a_norm_of_a_single_number_is_certain(make):
    evidence = evidence_of(make)
    found = list(check_normalization(evidence))

    assert [f.is_certain for f in found] == [True]
    assert (found[0].cause, found[0].layer, found[0].severity) == (
        "normalization",
        "2",
        "error",
    )


@pytest.mark.parametrize("make", SEVERAL.values(), ids=SEVERAL)
def test_nothing_is_said_of(make):
    torch.manual_seed(0)
    assert not list(check_normalization(evidence_of(make)))
