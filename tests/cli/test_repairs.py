"""What `headway fix` prints."""

import pytest

from headway.cli.repairs import print_repair
from headway.doctor.finding import Finding
from headway.doctor.remedies.metrics import UsualMetric
from headway.doctor.repair import Advice, Repair


def finding(evidence: str) -> Finding:
    return Finding(
        cause="metric", severity="error", confidence=0.5, evidence=evidence, remedy="Do."
    )


def test_only_the_likeliest_findings_are_printed(capsys: pytest.CaptureFixture[str]):
    found = tuple(finding(f"This is number {n}.") for n in range(5))
    print_repair(Repair(outcome="not_repaired", findings=found))
    said = capsys.readouterr().out
    assert all(f"number {n}." in said for n in range(3))
    assert "number 3." not in said
    assert "and 2 less likely" in said


@pytest.mark.parametrize(
    ("advice", "words"),
    [
        (
            Advice(remedies=(UsualMetric(),), is_harmless=True, before=0.5, after=0.5),
            "below",
        ),
        (Advice(remedies=(UsualMetric(),), before=0.9, after=0.5), "it costs"),
        (Advice(remedies=(UsualMetric(),)), "not tried"),
    ],
)
def test_what_is_advised_is_told_from_what_is_proved(
    capsys: pytest.CaptureFixture[str], advice: Advice, words: str
):
    print_repair(Repair(outcome="advised", advised=(advice,)))
    said = capsys.readouterr().out
    assert "Advised, not proved" in said
    assert words in said
    assert "share of right answers" in said
