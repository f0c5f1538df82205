"""Networks that stay random when they are evaluated."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.checks.train_eval_mode import check_train_eval_mode
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.eval_noise import probe_eval_noise


class OwnDropout(nn.Module):
    """Drops whole features by hand, in evaluation or only in training."""

    def __init__(self, share: float, *, asks: bool = False, answers: int = 1) -> None:
        super().__init__()
        self.share, self.asks, self.answers = share, asks, answers

    def forward(self, x: Tensor) -> Tensor:
        if self.asks and not self.training:
            return x
        masks = [torch.rand_like(x) > self.share for _ in range(self.answers)]
        return x * torch.stack(masks).float().mean(dim=0) / (1 - self.share)


def found(evidence: Evidence) -> list[Finding]:
    evidence.eval_noise = probe_eval_noise(evidence, Budget())
    return list(check_train_eval_mode(evidence))


@pytest.mark.parametrize(("asks", "causes"), [(False, ["train_eval_mode"]), (True, [])])
def test_dropout_by_hand_that_never_asks_for_the_mode_costs_answers(
    digits: Callable[..., object],
    measured: Callable[..., Evidence],
    asks: bool,
    causes: list,
) -> None:
    make = digits(activation=lambda: nn.Sequential(nn.ReLU(), OwnDropout(0.6, asks=asks)))
    evidence = measured(make)
    evidence.updates = None
    findings = found(evidence)
    assert [finding.cause for finding in findings] == causes
    assert all(finding.severity == "warning" for finding in findings)
    assert (evidence.eval_noise is None) is asks


def test_noise_that_costs_nothing_is_not_spoken_of(
    digits: Callable[..., object], measured: Callable[..., Evidence]
) -> None:
    make = digits(activation=lambda: nn.Sequential(nn.ReLU(), OwnDropout(0.2, answers=30)))
    evidence = measured(make)
    evidence.updates = None
    assert found(evidence) == []
    assert evidence.eval_noise is not None
