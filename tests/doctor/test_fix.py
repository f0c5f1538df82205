import json
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.arm import run_arm
from headway.doctor.candidates import additions_for
from headway.doctor.diagnosis import Diagnosis
from headway.doctor.evidence import Evidence
from headway.doctor.examples import Examples
from headway.doctor.finding import Cause, Finding
from headway.doctor.fix import fix
from headway.doctor.program import MakeProgram, Program, seed_all, usual_step
from headway.doctor.progress import Progress
from headway.doctor.remedies.duration import SetEpochs
from headway.doctor.remedies.initialization import Reinitialize
from headway.doctor.remedies.input_scale import StandardizeInput
from headway.doctor.remedies.optimizers import SetOptimizer
from headway.doctor.remedies.rates import ScaleLearningRate, SetLearningRate
from headway.doctor.remedies.regularization import SetDropout
from headway.doctor.remedies.shapes import SqueezeShapes
from headway.doctor.repair import Repair
from headway.doctor.selection import Selection
from headway.doctor.task import TaskFacts
from headway.doctor.trial import CONFIRMING, DECIDING
from headway.doctor.workbench import Workbench

TASK = TaskFacts(kind="classes", num_classes=3, encoding="ids")


def blobs(*, lr: float = 0.1, is_zero: bool = False) -> MakeProgram:
    """Return what makes a program that tells three far points from each other at once."""

    def make(seed: int) -> Program:
        seed_all(seed)
        generator = torch.Generator().manual_seed(0)
        targets = torch.arange(300) % 3
        inputs = torch.randn(300, 4, generator=generator) * 0.5 + 3 * torch.eye(4)[targets]
        model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
        if is_zero:
            for parameter in model.parameters():
                nn.init.zeros_(parameter)
        return Program(
            model=model,
            loss_fn=nn.CrossEntropyLoss(),
            optimizer=torch.optim.SGD(model.parameters(), lr=lr),
            train=Examples(source=(inputs[:200], targets[:200]), batch_size=20),
            val=Examples(source=(inputs[200:], targets[200:]), shuffle=False),
            epochs=4,
            metric="accuracy",
            seed=seed,
        )

    return make


def finding(cause: Cause, **others: Any) -> Finding:
    settings: dict[str, Any] = {"severity": "error", "confidence": 0.8}
    return Finding(cause=cause, evidence="", remedy="", **(settings | others))


def fixed(make: MakeProgram, *findings: Finding, **others: Any) -> Repair:
    return fix(
        make,
        evidence=Evidence(make=make, program=make(0), task=TASK),
        diagnosis=Diagnosis(findings=findings),
        **({"budget": 120.0} | others),
    )


@pytest.fixture(scope="module")
def slow_learner() -> Repair:
    """The repair of a program whose learning rate is far too low."""
    return fixed(blobs(lr=1e-4), finding("lr_low"))


@dataclass(frozen=True)
class LearnsForSeedsThatDecide:
    """A remedy that was lucky: it helps for the seeds that decide, and then no more."""

    cause: ClassVar[Cause] = "lr_low"

    def apply(self, program: Program) -> Program:
        lr = 0.1 if program.seed < CONFIRMING[0] else 1e-8
        return SetLearningRate(lr=lr).apply(program)

    def describe(self) -> str:
        return "Be lucky."

    def snippet(self) -> str:
        return ""


def test_a_program_that_learns_and_has_no_finding_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
):
    learns = Progress(metric=0.99, dumb=0.3, good=0.98, is_known=True)
    monkeypatch.setattr("headway.doctor.fix.progress", lambda _: learns)
    repair = fixed(blobs(), finding("epochs_few", severity="info"))
    assert (repair.outcome, repair.remedies, repair.trials) == ("healthy", (), ())


def test_a_program_that_could_not_be_judged_is_not_called_healthy(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("headway.doctor.random_search._SPACE", ())
    generic = [(SetLearningRate(lr=0.1),)]
    monkeypatch.setattr("headway.doctor.operation.generic_additions", lambda _: generic)
    without_time = fixed(blobs(lr=1e-6), budget=0.001)
    assert without_time.outcome == "not_repaired"
    assert any("too small" in note for note in without_time.notes)
    assert fixed(blobs(lr=1e-6)).remedies[0].cause == generic[0][0].cause


def slow(make: MakeProgram) -> MakeProgram:
    """Return what makes the same program, whose updates take a hundredth of a second."""

    def step(*arguments: Any) -> Tensor:
        time.sleep(0.01)
        return usual_step(*arguments)

    return lambda seed: replace(make(seed), step=step)


def test_the_budget_that_would_do_is_told():
    make = slow(blobs(lr=1e-6))
    repair = fixed(make, finding("lr_low"), budget=0.3)
    needed = [note for note in repair.notes if re.search(r"about \d+0 s would do", note)]
    assert (repair.outcome, bool(needed)) == ("not_repaired", True)


def test_a_slow_program_is_repaired_without_trials_but_not_without_the_proof(
    monkeypatch: pytest.MonkeyPatch,
):
    # As if a training took as much longer.
    monkeypatch.setattr("headway.doctor.operation._TRAININGS", 10**6)
    make = blobs(lr=1e-4)
    repair = fixed(make, finding("lr_low"), budget=60.0)
    assert (repair.outcome, repair.trials) == ("repaired", ())
    assert repair.proof is not None
    assert repair.proof.is_accepted
    assert {result.seed for result in repair.proof.control_results} <= set(CONFIRMING)
    assert run_arm(make, repair.remedies, 999).value > 0.97


def test_a_lucky_change_of_a_slow_program_is_not_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("headway.doctor.operation._TRAININGS", 10**6)
    lucky = [(LearnsForSeedsThatDecide(),)]
    monkeypatch.setattr("headway.doctor.operation.additions_for", lambda *_: lucky)
    monkeypatch.setattr("headway.doctor.operation.generic_additions", lambda _: [])
    monkeypatch.setattr("headway.doctor.random_search._SPACE", ())
    repair = fixed(blobs(lr=1e-8), finding("lr_low"), budget=60.0)
    assert (repair.outcome, repair.remedies) == ("not_repaired", ())


def test_a_certain_fault_that_no_metric_shows_is_advised_and_part_of_the_program(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("headway.doctor.random_search._SPACE", ())

    def accuracy_of_nothing(outputs: torch.Tensor, targets: torch.Tensor) -> float:
        return 0.0 * len(outputs) * len(targets)

    def make(seed: int) -> Program:
        return replace(blobs(lr=0.1)(seed), metric=accuracy_of_nothing)

    repair = fixed(make, finding("metric", is_certain=True), budget=20.0)
    (advice,) = [a for a in repair.advised if a.remedies[0].cause == "metric"]
    assert advice.is_harmless
    assert set(advice.remedies) <= set(repair.treatment)
    assert repair.to_json()["advised"][0]["remedies"][0]["cause"] == "metric"
    assert repair.outcome == "advised"


def test_a_faulty_program_is_repaired_and_the_repair_proved_on_unseen_seeds(
    slow_learner: Repair,
):
    repair = slow_learner
    assert repair.outcome == "repaired"
    assert repair.proof is not None
    seeds = [result.seed for result in repair.proof.treated_results]
    assert len(seeds) >= 3
    assert not {0, *DECIDING} & set(seeds)
    assert repair.proof.treated_value > 0.97 > 0.8 > repair.proof.control_value
    assert run_arm(blobs(lr=1e-4), repair.remedies, 999).value > 0.97


def test_two_faults_that_hide_each_other_are_both_repaired():
    make = blobs(lr=1e-3, is_zero=True)
    repair = fixed(make, finding("init"), finding("lr_low"))
    assert not any(trial.is_accepted for trial in repair.trials if len(trial.treated) == 1)
    assert {remedy.cause for remedy in repair.remedies} == {"init", "lr_high"}
    assert run_arm(make, repair.remedies, 999).value > 0.97


def test_a_false_finding_changes_nothing():
    repair = fixed(blobs(), finding("lr_high"), finding("init"))
    assert (repair.outcome, repair.remedies) == ("not_repaired", ())
    assert repair.notes


def test_what_is_not_confirmed_on_unseen_seeds_is_not_kept(monkeypatch: pytest.MonkeyPatch):
    lucky = [(LearnsForSeedsThatDecide(),)]
    monkeypatch.setattr("headway.doctor.operation.additions_for", lambda *_: lucky)
    monkeypatch.setattr("headway.doctor.operation.generic_additions", lambda _: [])
    monkeypatch.setattr("headway.doctor.random_search._SPACE", ())
    repair = fixed(blobs(lr=1e-8), finding("lr_low"))
    assert any(trial.is_accepted for trial in repair.trials)
    assert repair.proof is not None
    assert repair.proof.verdict == "rejected"
    assert (repair.outcome, repair.remedies) == ("not_repaired", ())


def test_random_search_has_as_much_time_and_is_reported(slow_learner: Repair):
    repair = slow_learner
    assert repair.search is not None
    spent = sum(
        result.seconds
        for trial in repair.trials
        for result in (*trial.control_results, *trial.treated_results)
    )
    assert repair.search.tried
    assert repair.search.seconds > 0.3 * spent
    assert repair.search.proof is not None
    assert repair.search.proof.control_results[0].seed == CONFIRMING[0]


def test_a_change_that_random_search_finds_is_kept_where_no_finding_leads_to_one(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("headway.doctor.operation.additions_for", lambda *_: [])
    monkeypatch.setattr("headway.doctor.operation.generic_additions", lambda _: [])
    monkeypatch.setattr(
        "headway.doctor.random_search._SPACE", (lambda r, _: SetLearningRate(lr=0.1),) * 3
    )
    repair = fixed(blobs(lr=1e-6), finding("other"))
    assert repair.is_repaired
    assert {type(remedy) for remedy in repair.remedies} == {SetLearningRate}
    assert any("random search" in note for note in repair.notes)


def test_a_repair_without_time_changes_nothing():
    repair = fixed(blobs(lr=1e-6), finding("lr_low"), budget=0.001)
    assert (repair.outcome, repair.remedies) == ("not_repaired", ())


def test_a_killed_repair_takes_up_what_it_has_trained(tmp_path: Path):
    first = fixed(blobs(lr=1e-4), finding("lr_low"), out=tmp_path)
    lines = (tmp_path / "arms.jsonl").read_bytes().splitlines(keepends=True)
    half = len(lines) // 2
    (tmp_path / "arms.jsonl").write_bytes(b"".join(lines[:half]) + lines[half][:30])
    second = fixed(blobs(lr=1e-4), finding("lr_low"), out=tmp_path)
    assert second.remedies == first.remedies
    again = (tmp_path / "arms.jsonl").read_bytes().splitlines(keepends=True)
    assert again[:half] == lines[:half]


def test_a_repair_can_be_written_as_json(slow_learner: Repair):
    values = json.loads(json.dumps(slow_learner.to_json()))
    assert values["verdict"] == "repaired"
    assert values["findings"][0]["cause"] == "lr_low"
    assert values["remedies"][0]["remedy"].startswith("SetLearningRate(")
    assert len(values["proof"]["treated"]) >= 3
    assert values["random_search"]["tried"]
    assert set(values) >= {"treated_program", "snippet", "patch", "trials", "notes"}


def test_remedies_that_the_others_make_superfluous_are_dropped():
    selection = Selection(Workbench(blobs(lr=1e-6)))
    needed = SetLearningRate(lr=0.1)
    selection.accepted = (StandardizeInput(), needed, Reinitialize())
    selection.prune()
    assert selection.accepted == (needed,)


def test_of_two_remedies_that_do_the_same_the_first_is_kept():
    selection = Selection(Workbench(blobs(lr=1e-6)))
    first, second = SetLearningRate(lr=0.1), SetOptimizer("sgd", 0.1)
    selection.accepted = (first, second)
    selection.prune()
    assert selection.accepted == (first,)


def test_certain_faults_are_treated_together_first():
    make = blobs(is_zero=True)
    evidence = Evidence(make=make, program=make(0), task=TASK)
    findings = (
        finding("init", is_certain=True),
        finding("input_scale"),
        finding("lr_high", is_certain=True),
        finding("epochs_few", severity="info"),
    )
    first, *rest = additions_for(findings, evidence)
    assert [remedy.cause for remedy in first] == ["init", "lr_high"]
    assert all(remedy.cause != "epochs_few" for addition in rest for remedy in addition)
    assert any([r.cause for r in addition] == ["input_scale"] for addition in rest)


def test_a_rate_that_was_set_is_tuned():
    selection = Selection(Workbench(blobs(lr=1e-6)))
    selection.accepted = (StandardizeInput(), SetLearningRate(lr=0.005))
    selection.tune_rate()
    assert selection.accepted in (
        (StandardizeInput(), SetLearningRate(lr=0.05)),
        (StandardizeInput(), SetLearningRate(lr=0.015)),
    )


def test_a_rate_that_no_remedy_has_set_is_left_alone():
    selection = Selection(Workbench(blobs(lr=1e-3)))
    selection.accepted = (StandardizeInput(),)
    selection.tune_rate()
    assert selection.accepted == (StandardizeInput(),)


def test_the_budget_is_kept():
    repair = fixed(blobs(lr=1e-6), finding("lr_low"), budget=4.0)
    assert repair.seconds < 8.0


def test_no_finding_is_lost():
    found = replace(finding("lr_low"), layer="0")
    assert fixed(blobs(), found).findings == (found,)


def noisy_sums(seed: int) -> Program:
    """A loss compares each answer with each value; a third of these is noise."""
    seed_all(seed)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(400, 4, generator=generator)
    y = x.sum(dim=1) + torch.randn(400, generator=generator)
    model = nn.Linear(4, 1)
    return Program(
        model=model,
        loss_fn=lambda output, target: (output - target).square().mean(),
        optimizer=torch.optim.Adam(model.parameters(), lr=0.05),
        train=Examples(source=(x[:200], y[:200]), batch_size=20),
        val=Examples(source=(x[200:], y[200:]), shuffle=False),
        epochs=6,
        metric="r2",
        seed=seed,
    )


@pytest.mark.slow
def test_what_suits_any_program_is_not_tried_once_a_treated_one_is_sound():
    told: list[str] = []
    task = TaskFacts(kind="values", encoding="flat")
    certain = finding("shape_broadcast", is_certain=True)
    repair = fix(
        noisy_sums,
        evidence=Evidence(make=noisy_sums, program=noisy_sums(0), task=task),
        diagnosis=Diagnosis(findings=(certain,)),
        budget=100.0,
        say=told.append,
    )
    assert repair.remedies == (SqueezeShapes(),)
    tried = [line for line in told if "on one seed" in line]
    assert tried
    assert not any("Standardize" in line or "Draw" in line for line in tried)


def test_a_rate_that_is_set_and_then_scaled_is_said_as_one():
    selection = Selection(Workbench(blobs(lr=1e-6)))
    scaled = ScaleLearningRate(3.0)
    selection.accepted = (SetLearningRate(0.1), SetEpochs(5), scaled, SetDropout(0.1))
    selection.join_rates()
    assert selection.accepted == (SetLearningRate(0.3), SetEpochs(5), SetDropout(0.1))
    selection.accepted = (SetEpochs(5), scaled)
    selection.join_rates()
    assert selection.accepted == (SetEpochs(5), scaled)
