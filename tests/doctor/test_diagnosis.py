from dataclasses import replace
from typing import Any

from headway.doctor.diagnosis import Diagnosis, ordered
from headway.doctor.finding import Finding
from headway.doctor.progress import Progress

FINE = Progress(metric=0.95, dumb=0.1, good=0.9, is_known=True, is_complete=True)
STUCK = Progress(
    metric=0.1, train_metric=0.1, dumb=0.1, good=0.9, is_known=True, is_complete=True
)


def finding(cause: Any, **changes: Any) -> Finding:
    values = {"severity": "error", "confidence": 0.5, **changes}
    return Finding(cause=cause, evidence="", remedy="", **values)


def causes(found: tuple[Finding, ...]) -> list[str]:
    return [f.cause for f in found]


def test_certain_findings_come_before_confident_ones() -> None:
    found = [finding("init", confidence=0.9), finding("metric", is_certain=True)]

    assert causes(ordered(found, STUCK)) == ["metric", "init"]


def test_equally_sure_findings_follow_the_order_of_causes() -> None:
    found = [finding("capacity"), finding("input_scale"), finding("lr_high")]

    assert causes(ordered(found, STUCK)) == ["input_scale", "lr_high", "capacity"]


def test_a_program_that_learns_well_has_no_uncertain_error() -> None:
    found = [
        finding("lr_high", confidence=0.5),
        finding("init", confidence=0.9),
        finding("other", severity="warning", confidence=0.3),
    ]

    severities = {f.cause: f.severity for f in ordered(found, FINE)}

    assert severities == {"init": "warning", "lr_high": "info", "other": "info"}


def test_a_weak_suspicion_is_no_warning_for_a_program_that_cannot_be_judged() -> None:
    weak = finding("dead_units", severity="warning", confidence=0.3)
    lost = Progress(has_diverged=True)

    assert ordered([weak], Progress())[0].severity == "info"
    assert ordered([weak], lost)[0].severity == "warning"
    assert (
        ordered([finding("dead_units", confidence=0.3)], Progress())[0].severity == "error"
    )


def test_a_certain_fault_is_an_error_however_well_the_program_learns() -> None:
    found = [finding("shape_broadcast", is_certain=True)]

    assert ordered(found, FINE)[0].severity == "error"


def test_symptoms_step_back_behind_a_certain_fault() -> None:
    found = [
        finding("dead_units", confidence=0.9),
        finding("loss_mismatch", is_certain=True),
    ]

    first, second = ordered(found, STUCK)

    assert first.cause == "loss_mismatch"
    assert (second.severity, second.confidence) == ("info", 0.45)


def test_a_cause_is_said_for_two_layers_at_most() -> None:
    found = [finding("init", layer=str(n)) for n in range(5)]

    assert [f.layer for f in ordered(found, STUCK)] == ["0", "1"]


def test_warnings_alone_are_healthy() -> None:
    warned = Diagnosis(findings=(finding("init", severity="warning"),))

    assert warned.is_healthy
    assert warned.to_json()["healthy"]
    assert not Diagnosis(findings=(finding("init"),)).is_healthy


def test_a_lost_number_is_said_once() -> None:
    found = [finding("numerics", layer=layer, is_certain=True) for layer in (None, "head")]

    assert len(ordered(found, STUCK)) == 1


def test_a_program_below_a_linear_model_keeps_warnings_of_some_confidence() -> None:
    behind = replace(FINE, metric=0.8, margin=0.05)
    found = [finding("epochs_few", severity="warning", confidence=0.6)]

    assert ordered(found, behind)[0].severity == "warning"
    assert ordered(found, FINE)[0].severity == "info"


def test_a_gain_that_was_proved_is_a_warning_in_a_program_that_learns_well() -> None:
    found = [
        finding("lr_low", severity="warning", is_confirmed=True),
        finding("init", severity="warning"),
    ]

    severities = {f.cause: f.severity for f in ordered(found, FINE)}

    assert severities == {"lr_low": "warning", "init": "info"}


def test_a_weak_suspicion_is_a_warning_in_a_program_that_has_gone_half_of_the_way() -> None:
    halfway = replace(STUCK, metric=0.6, train_metric=0.9)
    weak, sure = finding("epochs_few", confidence=0.2), finding("lr_low", confidence=0.6)

    assert [f.severity for f in ordered([weak], halfway)] == ["warning"]
    assert [f.severity for f in ordered([weak], STUCK)] == ["error"]
    assert [f.severity for f in ordered([sure], halfway)] == ["error"]


def test_a_program_that_is_nearly_there_has_errors_of_strong_suspicions_only() -> None:
    near = replace(STUCK, metric=0.66, train_metric=0.9)
    found = [finding("lr_low", confidence=c) for c in (0.5, 0.6, 0.85)]

    severities = [ordered([one], near)[0].severity for one in found]

    assert severities == ["info", "warning", "error"]
