"""One repair: choose what to change, prove it, and compare it with chance."""

import math
from collections.abc import Sequence

from headway.doctor.advising import advise
from headway.doctor.arm import Remedies
from headway.doctor.candidates import (
    additions_for,
    certain_remedies,
    generic_additions,
    is_sure,
    rate_additions,
)
from headway.doctor.checkup import check_up
from headway.doctor.comparing import mean_gain
from headway.doctor.diagnosis import Diagnosis
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.progress import progress
from headway.doctor.random_search import RandomSearch, random_search
from headway.doctor.repair import Outcome, Repair
from headway.doctor.selection import GOOD_ENOUGH, Say, Selection, describe
from headway.doctor.trial import CONFIRMING, LEAST_GAIN, Trial, run_trial
from headway.doctor.workbench import Workbench
from headway.errors import TargetError

# The repair has half of the time, because random search gets as much; a slow program has
# more of it, because a repair without a proof is none.
_REPAIR_SHARE, _MOST_SHARE = 0.5, 0.85
# Trainings of a repair that tries each change over seeds, and the fewest that can prove
# anything: the untreated program and two changes once, and three pairs that confirm. A
# program that takes too long even for those is trained in part.
_TRAININGS, _FEWEST = 24, 9
# Trainings that confirm, as long as the untreated one, that time is kept for; where it is not
# known how long one takes, a share of the time.
_CONFIRMING_TRAININGS, _CONFIRMING_SHARE = 7, 0.3
# Trainings that show whether a cure does harm.
_ADVISING_TRAININGS = 3
# Changes that are tried to learn how long a training takes, if the program itself ends early.
_PACEMAKERS = 3
# Of the time of a stage, what choosing what to try may take, and a second look at the
# program once it has been treated.
_SCREENING_SHARE = 0.5
_SECOND_LOOK_SHARE = 0.15
# Less than this tells nothing about a program.
_SHORTEST_LOOK = 2.0
# Shorter than this share of its time, random search is said to have been short of it.
_SHORT = 0.9
# Budgets are told in steps of so many seconds.
_STEP = 10


class Operation:
    """Repairs one program.

    Args:
        bench: Trains the arms.
        evidence: What was measured.
        diagnosis: What followed from it.
        budget: For all that is left to do.
        say: Told in a sentence what is being done.
    """

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
        self._certain = [finding for finding in diagnosis.findings if is_sure(finding)]
        self._budget = budget
        self._begun_at = budget.spent
        goal = progress(evidence).good
        self._selection = Selection(
            bench, say, goal=GOOD_ENOUGH if math.isnan(goal) else goal
        )
        self._is_open = False
        self._notes: list[str] = []

    def run(self) -> Repair:
        """Return the repair."""
        seconds = self._budget.left
        additions = additions_for(self._diagnosis.findings, self._evidence)
        self._set_pace(seconds * _MOST_SHARE, additions)
        self._selection.is_quick = (
            self._bench.usual_seconds * _TRAININGS > seconds * _REPAIR_SHARE
        )
        self._select(seconds, additions)
        # The proof goes before the comparison, if there is not enough time for both.
        self._bench.budget = Budget(self._budget.left)
        # What had no time to be proved gets its whole trial here.
        self._is_open = self._selection.is_quick or not self._selection.accepted
        self._selection.accepted = self._selection.accepted or self._selection.promising
        proof = self._confirmed()
        trainings = self._bench.trainings
        cures = certain_remedies(self._certain, self._evidence)
        kept_seconds = _ADVISING_TRAININGS * len(cures) * self._bench.usual_seconds
        search = self._search(self._bench.seconds, proof, kept_seconds)
        remedies, proof = self._kept(proof, search)
        self._bench.budget = Budget(self._budget.left)
        advised = advise(self._bench, cures, remedies)
        if not remedies:
            self._notes += self._needed()
        self._notes += list(self._diagnosis.notes)
        is_advised = any(advice.is_harmless for advice in advised)
        outcome: Outcome = "advised" if is_advised else "not_repaired"
        return Repair(
            outcome="repaired" if remedies else outcome,
            findings=self._diagnosis.findings,
            remedies=remedies,
            advised=tuple(advised),
            trials=tuple(self._selection.trials),
            proof=proof,
            search=search,
            trainings=trainings,
            seconds=self._budget.spent,
            notes=tuple(self._notes),
        )

    def _set_pace(self, seconds: float, additions: Sequence[Remedies]) -> None:
        """Learn how long a training takes, and cut all of them if that is too long."""
        self._bench.budget = Budget(seconds)
        self._bench.pace(seconds / _FEWEST)
        for addition in additions[:_PACEMAKERS]:
            if not self._bench.usual_seconds:
                self._bench.run(addition, 0)

    def _select(self, seconds: float, additions: Sequence[Remedies]) -> None:
        selection = self._selection
        spent = self._budget.spent - self._begun_at
        half = seconds * _REPAIR_SHARE - spent
        most = seconds * _MOST_SHARE - spent if selection.is_quick else half
        self._bench.budget = Budget(self._without_proof(most))
        certain = additions[:1] if self._certain else []
        selection.grow(certain, share=1.0)
        selection.grow(additions, share=_SCREENING_SHARE)
        is_sound = False
        if selection.accepted:
            left = self._without_proof(seconds * _REPAIR_SHARE) - self._budget.spent
            left += self._begun_at
            if selection.is_quick:
                self._bench.budget = Budget(max(0.0, left))
            selection.tune_rate()
            selection.grow(rate_additions(), share=_SCREENING_SHARE)
            is_sound = self._look_again()
        if not is_sound:
            # What suits any program has no finding behind it: it is for those that need more.
            selection.grow(generic_additions(self._evidence), share=_SCREENING_SHARE)
        selection.prune()
        selection.tune_rate()
        selection.join_rates()

    def _without_proof(self, seconds: float) -> float:
        """Return what is left for choosing once time has been kept for the proof."""
        usual = self._bench.usual_seconds
        proof = usual * _CONFIRMING_TRAININGS if usual else seconds * _CONFIRMING_SHARE
        return max(0.0, seconds - proof)

    def _look_again(self) -> bool:
        """Examine the treated program: what one fault hid may show once it is gone.

        Returns:
            Whether it learns well and nothing is found any more.
        """
        seconds = self._bench.budget.left * _SECOND_LOOK_SHARE
        if seconds < _SHORTEST_LOOK or self._selection.is_good_enough():
            return False
        make = self._bench.made(self._selection.accepted)
        try:
            checkup = check_up(make, Budget(seconds))
        except TargetError as error:  # what helped so far is not lost for that
            self._notes.append(f"The treated program cannot be examined again: {error}.")
            return False
        findings = checkup.diagnosis.findings
        additions = additions_for(findings, checkup.evidence)
        self._selection.grow(additions, share=_SCREENING_SHARE)
        is_quiet = all(finding.severity == "info" for finding in findings)
        return is_quiet and progress(checkup.evidence).is_fine

    def _confirmed(self) -> Trial | None:
        accepted = self._selection.accepted
        if self._bench.fraction < 1:
            self._notes.append(
                f"Each training was cut to {self._bench.fraction:.0%} of its updates so that "
                f"the budget allows for enough of them{self._whole()}."
            )
        if not accepted:
            if not self._certain:
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

    def _search(
        self, seconds: float, proof: Trial | None, kept_seconds: float
    ) -> RandomSearch | None:
        """Give random search as much time as the repair, as far as there is."""
        pairs = len(proof.treated_results) if proof is not None else 0
        seeds = (
            CONFIRMING[:pairs] if proof is not None and self._holds(proof) else CONFIRMING
        )
        left = self._budget.left - (pairs or 3) * self._bench.usual_seconds - kept_seconds
        had = min(seconds, left)
        if had < _SHORT * seconds:
            self._notes.append(
                f"Random search had {max(0.0, had):.0f} s instead of the {seconds:.0f} s of "
                "the repair: the budget covers both."
            )
        if had <= 0:
            return None
        self._say(f"random search with {had:.0f} seconds of training")
        self._bench.budget = Budget(self._budget.left)
        return random_search(self._bench, seconds=had, seeds=seeds)

    def _kept(
        self, proof: Trial | None, search: RandomSearch | None
    ) -> tuple[Remedies, Trial | None]:
        """Return what is confirmed: the repair, or else what random search found."""
        if proof is not None and self._holds(proof):
            return self._selection.accepted, proof
        if search and search.proof is not None and search.proof.is_accepted:
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

    def _needed(self) -> list[str]:
        """Say that time ran out, if it did, and how much would do."""
        is_out = self._budget.left <= max(_SHORTEST_LOOK, self._bench.usual_seconds)
        if self._bench.fraction == 1 and not is_out:
            return []
        return [f"The budget of {self._budget.seconds:.0f} s was too small{self._whole()}."]

    def _whole(self) -> str:
        """Say which budget pays for whole trainings."""
        training = self._bench.usual_seconds / self._bench.fraction
        course = self._evidence.course
        if not training and course is not None and course.steps:
            training = course.seconds / course.steps * course.planned_steps
        if not training:
            return "; give several times as much"
        seconds = self._begun_at + training * _TRAININGS / _REPAIR_SHARE
        return f"; about {math.ceil(seconds / _STEP) * _STEP} s would do"
