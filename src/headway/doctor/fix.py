"""Repair a training program: try what its findings suggest, keep what is proved to help."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from headway.doctor.arm import Remedies
from headway.doctor.cache import ArmCache
from headway.doctor.candidates import additions_for, generic_additions, rate_additions
from headway.doctor.checkup import check_up
from headway.doctor.comparing import mean_gain
from headway.doctor.diagnosis import Diagnosis
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.program import MakeProgram
from headway.doctor.random_search import RandomSearch, random_search
from headway.doctor.repair import Repair
from headway.doctor.selection import Say, Selection, describe
from headway.doctor.target import load_target, maker
from headway.doctor.treated import source_of, source_of_target, written
from headway.doctor.trial import CONFIRMING, LEAST_GAIN, Trial, run_trial
from headway.doctor.workbench import Workbench

_DEFAULT_SECONDS = 300.0
# Shares of the budget: the check-up has at most this and a minute; of what is left, the
# repair has half, because random search gets as much.
_CHECKUP_SHARE, _CHECKUP_SECONDS = 0.3, 60.0
_REPAIR_SHARE = 0.5
# Of the repair's time, what may go before the confirmation, whose seeds are new.
_DECIDING_SHARE = 0.7
# A repair needs about so many trainings: single ones to choose by, pairs to decide, pairs to
# confirm. A program that takes too long for them is trained in part.
_TRAININGS = 16
# Of the time of a stage, what choosing what to try may take, and a second look at the
# program once it has been treated.
_SCREENING_SHARE = 0.5
_SECOND_LOOK_SHARE = 0.15
# Less than this tells nothing about a program.
_SHORTEST_LOOK = 2.0


def fix(
    make_setup: Callable[..., Any],
    *,
    budget: float = _DEFAULT_SECONDS,
    evidence: Evidence | None = None,
    diagnosis: Diagnosis | None = None,
    out: Path | str | None = None,
    say: Say = lambda _: None,
) -> Repair:
    """Find out what is wrong with a training program, change it and prove that it helps.

    Nothing is changed but copies. A remedy is kept only if a paired experiment over seeds
    accepts it, and all kept ones together have to prove themselves on new seeds.

    Args:
        make_setup: Makes a Setup, a dict or a Program; may take `seed`.
        budget: Seconds at most, for everything.
        evidence: Of an examination that has been made already, together with `diagnosis`.
        diagnosis: What followed from it.
        out: Folder that keeps finished trainings, so that a killed repair goes on.
        say: Told in a sentence what is being done.

    Raises:
        TargetError: If the program is not as it should be.
    """
    return _fixed(
        maker(make_setup),
        Budget(budget),
        evidence,
        diagnosis,
        ArmCache(Path(out) if out else None, source=source_of(make_setup)),
        say,
    )


def fix_target(
    name: str,
    *,
    budget: float = _DEFAULT_SECONDS,
    out: Path | str | None = None,
    say: Say = lambda _: None,
) -> Repair:
    """Repair the program that FILE.py:FUNCTION makes, and write the change as code.

    Args:
        name: Of a function that returns a Setup or a dict; it may take `seed`.
        budget: Seconds at most, for everything.
        out: Folder that keeps finished trainings, so that a killed repair goes on.
        say: Told in a sentence what is being done.

    Raises:
        TargetError: If there is no such function, or what it returns cannot be run.
    """
    cache = ArmCache(Path(out) if out else None, source=source_of_target(name))
    repair = _fixed(load_target(name), Budget(budget), None, None, cache, say)
    return written(repair, name)


def _fixed(
    make: MakeProgram,
    budget: Budget,
    evidence: Evidence | None,
    diagnosis: Diagnosis | None,
    cache: ArmCache,
    say: Say,
) -> Repair:
    if evidence is None or diagnosis is None:
        checkup = check_up(make, Budget(min(budget.part(_CHECKUP_SHARE), _CHECKUP_SECONDS)))
        evidence, diagnosis = checkup.evidence, checkup.diagnosis
    if all(finding.severity == "info" for finding in diagnosis.findings):
        return Repair(
            outcome="healthy",
            findings=diagnosis.findings,
            seconds=budget.spent,
            notes=(diagnosis.summary,) if diagnosis.summary else (),
        )
    by_standard = any(
        finding.cause == "metric" and finding.severity != "info"
        for finding in diagnosis.findings
    )
    bench = Workbench(make, cache=cache, by_standard=by_standard)
    return _Operation(bench, evidence, diagnosis, budget, say).run()


class _Operation:
    """One repair: choose, prove, confirm, and compare with chance."""

    def __init__(
        self,
        bench: Workbench,
        evidence: Evidence,
        diagnosis: Diagnosis,
        budget: Budget,
        say: Say,
    ) -> None:
        self._bench, self._say = bench, say
        self._evidence, self._diagnosis = evidence, diagnosis
        self._budget = budget
        self._selection = Selection(bench, say)
        self._is_open = False
        self._notes: list[str] = list(diagnosis.notes)

    def run(self) -> Repair:
        """Return the repair."""
        seconds = self._budget.left * _REPAIR_SHARE
        self._bench.budget = Budget(seconds * _DECIDING_SHARE)
        self._bench.pace(seconds / _TRAININGS)
        self._select()
        # The proof goes before the comparison, if there is not enough time for both.
        self._bench.budget = Budget(self._budget.left)
        # What had no time to be proved gets its whole trial here.
        self._is_open = not self._selection.accepted
        self._selection.accepted = self._selection.accepted or self._selection.promising
        proof = self._confirmed()
        trainings = self._bench.trainings
        search = self._search(self._bench.seconds)
        remedies, proof = self._kept(proof, search)
        return Repair(
            outcome="repaired" if remedies else "not_repaired",
            findings=self._diagnosis.findings,
            remedies=remedies,
            trials=tuple(self._selection.trials),
            proof=proof,
            search=search,
            trainings=trainings,
            seconds=self._budget.spent,
            notes=tuple(self._notes),
        )

    def _select(self) -> None:
        selection = self._selection
        additions = additions_for(self._diagnosis.findings, self._evidence)
        selection.grow(additions, share=_SCREENING_SHARE)
        if selection.accepted:
            selection.tune_rate()
            selection.grow(rate_additions(), share=_SCREENING_SHARE)
            self._look_again()
        selection.grow(generic_additions(self._evidence), share=_SCREENING_SHARE)
        selection.prune()
        selection.tune_rate()

    def _look_again(self) -> None:
        """Examine the treated program: what one fault hid may show once it is gone."""
        seconds = self._bench.budget.left * _SECOND_LOOK_SHARE
        if seconds < _SHORTEST_LOOK or self._selection.is_good_enough():
            return
        make = self._bench.made(self._selection.accepted)
        checkup = check_up(make, Budget(seconds))
        self._evidence = checkup.evidence
        additions = additions_for(checkup.diagnosis.findings, checkup.evidence)
        self._selection.grow(additions, share=_SCREENING_SHARE)

    def _confirmed(self) -> Trial | None:
        accepted = self._selection.accepted
        if self._bench.fraction < 1:
            self._notes.append(
                f"Each training was cut to {self._bench.fraction:.0%} of its updates so that "
                "the budget allows for enough of them."
            )
        if not accepted:
            self._notes.append("Nothing that the findings suggest helps beyond doubt.")
            return None
        self._say(f"confirmation on new seeds: {describe(accepted)}")
        proof = run_trial(self._bench, accepted, seeds=CONFIRMING)
        if not self._holds(proof):
            self._notes.append(
                f"What had helped was not confirmed on new seeds ({proof.verdict}), and is "
                "therefore not kept."
            )
        elif not proof.is_accepted:
            self._notes.append(
                f"There was time for {len(proof.treated_results)} new seeds only; each shows "
                "the gain that the trials before had proved."
            )
        return proof

    def _search(self, seconds: float) -> RandomSearch:
        self._say(f"random search with the same {seconds:.0f} seconds of training")
        self._bench.budget = Budget(self._budget.left)
        return random_search(self._bench, seconds=seconds)

    def _kept(
        self, proof: Trial | None, search: RandomSearch
    ) -> tuple[Remedies, Trial | None]:
        """Return what is confirmed: the repair, or else what random search found."""
        if proof is not None and self._holds(proof):
            return self._selection.accepted, proof
        if search.proof is not None and search.proof.is_accepted:
            self._notes.append(
                "The change was found by random search: no finding led to one that helps."
            )
            return search.best, search.proof
        return (), proof

    def _holds(self, proof: Trial) -> bool:
        """Whether new seeds confirm it, all of those for which there was time."""
        if proof.is_accepted or self._is_open or proof.verdict == "rejected":
            return proof.is_accepted
        pairs = list(zip(proof.control_results, proof.treated_results, strict=True))
        gains = [mean_gain([with_], [without]) for without, with_ in pairs]
        return bool(gains) and min(gains) > LEAST_GAIN
