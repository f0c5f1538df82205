import pytest
import torch
from torch import nn

from headway.doctor.checks.lost_numbers import check_lost_numbers
from headway.doctor.evidence import Budget
from headway.doctor.probes.lost_numbers import probe_lost_numbers
from headway.doctor.training import train


def test_the_operation_that_loses_the_first_loss_is_named(program_of, findings):
    def loss(output, y):
        probabilities = (8000 * output).softmax(dim=1)
        return -torch.log(probabilities).gather(1, y[:, None]).mean()

    first = findings(program_of(loss_fn=lambda: loss))[0]
    assert (first.cause, first.is_certain) == ("numerics", True)
    assert "torch.log(probabilities)" in first.evidence


def test_a_gradient_that_is_no_number_is_traced(program_of, findings, network):
    class Rooted(network):
        def forward(self, x):
            return self.head(torch.sqrt(self.first(x) * 0))

    first = findings(program_of(Rooted))[0]
    assert (first.cause, first.layer) == ("numerics", "first")
    assert "MulBackward0" in first.evidence


def test_an_eps_that_replaces_the_variance_is_found(program_of, findings):
    def model():
        return nn.Sequential(
            nn.Linear(16, 32), nn.BatchNorm1d(32, eps=1e4), nn.Linear(32, 4)
        )

    assert findings(program_of(model))[0].cause == "numerics"


def test_a_half_precision_gradient_that_vanishes_is_found(program_of, findings):
    def train():
        generator = torch.Generator().manual_seed(0)
        inputs = torch.randn(128, 16, generator=generator).half()
        return inputs, torch.randint(4, (128,), generator=generator)

    def loss(output, y):
        return 1e-6 * nn.functional.cross_entropy(output, y)

    make = program_of(lambda: nn.Linear(16, 4).half(), train=train, loss_fn=lambda: loss)
    found = findings(make)
    assert any(f.cause == "numerics" and "below what float16" in f.evidence for f in found)


@pytest.mark.parametrize(
    ("dtype", "eps"), [(torch.float16, 1e-8), (torch.float32, 0.0)], ids=["half", "zero"]
)
def test_an_eps_that_is_zero_is_found(program_of, findings, dtype, eps):
    def train():
        generator = torch.Generator().manual_seed(0)
        inputs = torch.randn(128, 16, generator=generator).to(dtype)
        # A feature that is always 0 has a gradient of 0.
        inputs[:, 0] = 0
        return inputs, torch.randint(4, (128,), generator=generator)

    make = program_of(
        lambda: nn.Linear(16, 4).to(dtype),
        train=train,
        optimizer=lambda m: torch.optim.Adam(m.parameters(), eps=eps),
    )
    assert any("divides by it" in f.evidence and f.is_certain for f in findings(make))


def examined_to_the_end(program_of, examined, **parts):
    make = program_of(**parts)
    evidence = examined(make)
    evidence.course = train(make(0))
    evidence.lost = probe_lost_numbers(evidence, Budget())
    return evidence


def test_a_logarithm_that_meets_zero_later_is_named(program_of, examined):
    def loss(output, y):
        p = output.softmax(dim=1)
        return -torch.log(p).gather(1, y[:, None]).mean() - 0 * torch.log(1 - p).mean()

    evidence = examined_to_the_end(
        program_of,
        examined,
        loss_fn=lambda: loss,
        optimizer=lambda m: torch.optim.Adam(m.parameters(), lr=0.02),
        epochs=60,
    )
    assert evidence.course.stop == "diverged"
    (only,) = check_lost_numbers(evidence)
    assert (only.cause, only.is_certain) == ("numerics", True)
    assert "log" in only.evidence


def test_a_learning_rate_that_runs_away_is_no_matter_of_numerics(program_of, examined):
    evidence = examined_to_the_end(
        program_of,
        examined,
        optimizer=lambda m: torch.optim.SGD(m.parameters(), lr=1e6),
        epochs=60,
    )
    assert evidence.course.stop == "diverged"
    assert list(check_lost_numbers(evidence)) == []


def test_a_gradient_that_is_lost_after_the_loss_ran_away_is_no_matter_of_an_operation(
    program_of, findings
):
    def loss(output, y):
        size = output.square().mean()
        # The root of zero has no gradient: only where the outputs are huge already.
        return size + 0 * torch.relu(1e3 - size).sqrt()

    make = program_of(
        loss_fn=lambda: loss, optimizer=lambda m: torch.optim.SGD(m.parameters(), lr=100.0)
    )
    assert all(f.cause != "numerics" for f in findings(make))
