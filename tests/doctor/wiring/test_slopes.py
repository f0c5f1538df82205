import pytest
import torch
from torch import nn

from headway.doctor.checks.gradient_wiring import check_gradient_wiring
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examine import examine
from headway.doctor.probes import slopes
from headway.doctor.probes.slopes import probe_slopes
from headway.doctor.progress import Progress


class Cell(nn.Module):
    """A network that reads its inputs number by number."""

    def __init__(self, between):
        super().__init__()
        self.cell = nn.GRUCell(4, 16)
        self.head = nn.Linear(16, 4)
        self.between = between

    def forward(self, x):
        h = torch.zeros(len(x), 16)
        for part in x.view(len(x), 4, 4).unbind(1):
            h = self.cell(part, self.between(h))
        return self.head(h)


def rounded_straight_through(h):
    return h + (h.round() - h).detach()


@pytest.fixture
def poor(monkeypatch):
    """Let the probe take every program for one that learns badly."""
    is_poor = Progress(metric=0.2, dumb=0.2, good=0.9, is_known=True, is_complete=True)
    monkeypatch.setattr(slopes, "progress", lambda evidence: is_poor)


@pytest.fixture
def compared(examined, poor):
    def compared(make) -> Evidence:
        evidence = examined(make)
        evidence.slopes = probe_slopes(evidence, Budget())
        return evidence

    return compared


CUT = {
    "detach": lambda h: h.detach(),
    "data": lambda h: h.data,
    "single precision": lambda h: h.detach().float(),
}


@pytest.mark.parametrize("between", CUT.values(), ids=CUT.keys())
def test_a_cut_history_is_found_though_every_weight_has_a_gradient(
    program_of, compared, between
):
    evidence = compared(program_of(lambda: Cell(between)))
    found = list(check_gradient_wiring(evidence))
    assert [(f.cause, f.severity, f.layer) for f in found] == [
        ("gradient_wiring", "error", "cell")
    ]
    assert "test_slopes.py" in found[0].evidence


WHOLE = {
    "whole": lambda h: h,
    "dropout": lambda h: nn.functional.dropout(h, 0.3),
    "straight through": rounded_straight_through,
    "relu": torch.relu,
    "single precision": lambda h: h.float(),
}


@pytest.mark.parametrize("between", WHOLE.values(), ids=WHOLE.keys())
def test_a_gradient_that_is_meant_is_left_alone(program_of, compared, between):
    evidence = compared(program_of(lambda: Cell(between)))
    assert list(check_gradient_wiring(evidence)) == []


def test_slopes_of_a_whole_network_are_those_of_backward(program_of, compared):
    found = compared(program_of()).slopes
    assert (found.num_layers, found.wrong) == (3, ())


def test_a_loss_that_is_another_each_time_tells_nothing(program_of, compared):
    class Drifting(nn.CrossEntropyLoss):
        calls = 0

        def forward(self, output, y):
            self.calls += 1
            return super().forward(output, y) * self.calls

    assert compared(program_of(loss_fn=Drifting)).slopes is None


def test_a_program_that_learns_is_not_asked(program_of):
    evidence = examine(program_of(lambda: Cell(lambda h: h.detach())))
    assert evidence.course is not None
    assert probe_slopes(evidence, Budget()) is None


def test_units_at_exactly_zero_have_two_slopes(program_of, compared, network):
    class Rezero(network):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(32)
            nn.init.zeros_(self.norm.weight)

        def forward(self, x):
            h = torch.relu(self.first(x))
            return self.head(torch.relu(h + self.norm(self.second(h))))

    assert compared(program_of(Rezero)).slopes.wrong == ()


def test_the_vector_of_padding_has_no_gradient_on_purpose(program_of, compared):
    def padded():
        words = torch.randint(1, 20, (200, 8), generator=torch.Generator().manual_seed(0))
        words[:, 3:] = 0
        return words, words[:, 0] % 4

    def network():
        embedded = nn.Embedding(20, 6, padding_idx=0)
        return nn.Sequential(embedded, nn.Flatten(), nn.Linear(48, 4))

    assert compared(program_of(network, train=padded)).slopes.wrong == ()
