"""Gradients that are right, and one that is made wrong."""

import pytest

from headway.lab import Verdict
from headway.lab.experiments import gradient_checks

NORM, UNIT = "batch norm, the paper's formulas", "ELU"


@pytest.fixture
def two_blocks(monkeypatch):
    chosen = {name: gradient_checks.BLOCKS[name] for name in (NORM, UNIT)}
    monkeypatch.setattr(gradient_checks, "BLOCKS", chosen)


def test_the_gradients_of_blocks_are_right(two_blocks, judged):
    assert judged("gradient-checks")[0] is Verdict.REPRODUCED


def test_a_sign_error_in_a_backward_pass_is_found(two_blocks, judged, monkeypatch):
    right = gradient_checks.batch_norm_backward

    def wrong(*arguments):
        found = right(*arguments)
        return found._replace(bias=-found.bias)

    monkeypatch.setattr(gradient_checks, "batch_norm_backward", wrong)
    assert judged("gradient-checks")[0] is Verdict.NOT_REPRODUCED
