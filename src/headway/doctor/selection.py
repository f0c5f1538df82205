"""Choose remedies: what helps is kept, and what is no longer needed is dropped."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any, NamedTuple, cast

from headway.doctor.arm import FLOOR, ArmResult, Remedies
from headway.doctor.comparing import comparable, mean_gain
from headway.doctor.remedies.rates import ScaleLearningRate
from headway.doctor.trial import DECIDING, LEAST_GAIN, Trial, run_trial
from headway.doctor.workbench import Workbench

# Seed of the one training that decides whether a set of remedies is worth a trial.
_SCREENING = 0
_FEW = DECIDING[:3]
# Sets whose gains differ by less are alike: the more likely cause is tried first.
_ALIKE = 0.02
# Of those, what takes so many times as long as another is tried later.
_FAR_LONGER = 2.0
# Trials of a round before it is given up: a set that looked good once may have been lucky.
_MOST_TRIALS = 3
# What comes on top of a first change must gain more, so that the change stays small.
_FURTHER_GAIN = 0.02
# The same where a single training has to show it.
_ON_ONE_SEED = 0.03
# An accuracy or R2 from here on leaves nothing to repair.
GOOD_ENOUGH = 0.97

# Values beside a learning rate that are tried once it matters.
_RATE_FACTORS = (3.0, 10.0, 0.3, 0.1)

Say = Callable[[str], None]


class Selection:
    """Remedies that have proved to help, in the order in which they were accepted.

    Args:
        bench: Trains the arms.
        say: Told in a sentence what is being done.
        goal: An accuracy or R2 that is worth having.

    Attributes:
        is_quick: Whether there is no time for a trial of each change: what helps most on one
            seed is accepted, and proves itself on the seeds that confirm.
        accepted: What is kept.
        promising: What helped in a trial that had no time to end, if nothing is accepted.
        trials: Every trial that was made.
    """

    def __init__(
        self, bench: Workbench, say: Say = lambda _: None, *, goal: float = GOOD_ENOUGH
    ) -> None:
        self._bench, self._say = bench, say
        self._goal = goal
        # What has been tried behind the accepted ones.
        self._seen: set[str] = set()
        self.is_quick = False
        self.accepted: Remedies = ()
        self.promising: Remedies = ()
        self.trials: list[Trial] = []

    def is_good_enough(self) -> bool:
        """Whether no further repair is worth looking for."""
        results = self._few(self.accepted)
        return bool(results) and _is_good(results)

    def grow(self, additions: Iterable[Remedies], *, share: float) -> None:
        """Add the sets of remedies that help, best first, until none does.

        Args:
            additions: Most likely first; each is tried behind what has been accepted.
            share: Part of the time left that may be spent on choosing what to try.
        """
        pending = [other for other in additions if repr(other) not in self._seen]
        while pending and self._bench.budget.left > 0 and not self.is_good_enough():
            helpful = self._screened(pending, self._bench.budget.left * share)
            added = self._first_proved(helpful)
            if added is None:
                return
            self._seen.clear()
            pending = [other for other in pending if not set(map(repr, other)) & added]

    def prune(self) -> None:
        """Drop remedies that the others make superfluous, the likeliest causes last."""
        for remedy in reversed(self.accepted):
            rest = tuple(other for other in self.accepted if other is not remedy)
            if rest and self._is_as_good(rest):
                self._say(f"not needed: {remedy.describe()}")
                self.accepted = rest

    def tune_rate(self) -> None:
        """Choose the best value near the learning rate that an accepted remedy has set.

        That is no further change: the proof of all of them is about the value chosen here.
        """
        before = self._few(self.accepted)
        gains: list[tuple[float, Remedies]] = []
        for factor in _RATE_FACTORS:
            variant = _with_rate(self.accepted, factor)
            results = self._few(variant) if variant else []
            if before and len(results) == len(before):
                gains.append((mean_gain(results, before), variant))
        gain, best = max(gains, key=lambda pair: pair[0], default=(0.0, ()))
        if gain > LEAST_GAIN:
            self._say(f"{gain:+.3f} on {len(before)} seeds: {describe(best)}")
            self.accepted = best
            self._seen.clear()

    def join_rates(self) -> None:
        """Say as one number what was a rate that is set, and scaled after that."""
        for place, remedy in reversed(list(enumerate(self.accepted))):
            if isinstance(remedy, ScaleLearningRate):
                joined = _with_rate(self.accepted[:place], remedy.factor)
                if joined:
                    self.accepted = (*joined, *self.accepted[place + 1 :])

    @property
    def _least(self) -> float:
        """The least gain that counts."""
        if self.is_quick:
            return _ON_ONE_SEED
        return _FURTHER_GAIN if self.accepted else LEAST_GAIN

    def _screened(self, pending: Sequence[Remedies], seconds: float) -> list[Remedies]:
        """Return the sets that help on one seed, best first."""
        reference = self._few(self.accepted)
        end = self._bench.budget.spent + seconds
        gains: list[_Gain] = []
        for whole in pending:
            if not reference or (gains and self._bench.budget.spent > end):
                break
            addition, result = self._tried(whole)
            # What is left of a set once the rest is in place may have been tried by itself.
            is_known = addition != whole and repr(addition) in self._seen
            self._seen |= {repr(whole), repr(addition)}
            if result is None or is_known:
                continue
            gain = mean_gain([result], reference)
            self._say(f"{gain:+.3f} on one seed: {describe(addition)}")
            if gain > self._least:
                gains.append(_Gain(gain, result.seconds, addition))
            goal = self._goal if self.is_quick else GOOD_ENOUGH
            if gain > self._least and _is_good([result], goal):
                break
        return _best_first(gains)

    def _tried(self, addition: Remedies) -> tuple[Remedies, ArmResult | None]:
        """Train with an addition, or where one of several does not fit with the others."""
        result = self._bench.run((*self.accepted, *addition), _SCREENING)
        if result is None and len(addition) > 1:
            kept = len(self.accepted)
            addition = self._bench.fitting((*self.accepted, *addition))[kept:]
            if addition:
                result = self._bench.run((*self.accepted, *addition), _SCREENING)
        return addition, result

    def _first_proved(self, additions: Sequence[Remedies]) -> set[str] | None:
        if self.is_quick and additions:
            self.accepted = (*self.accepted, *additions[0])
            return set(map(repr, additions[0]))
        for addition in additions[:_MOST_TRIALS]:
            treated = (*self.accepted, *addition)
            self._say(f"trial: {describe(addition)}")
            trial = run_trial(
                self._bench, treated, control=self.accepted, least=self._least
            )
            self.trials.append(trial)
            self._say(
                f"{trial.verdict} after {len(trial.control_results)} pairs: "
                f"{trial.control_value:.3f} -> {trial.treated_value:.3f}"
            )
            if trial.is_accepted:
                self.accepted = treated
                return set(map(repr, addition))
            if trial.verdict == "undecided" and trial.difference > self._least:
                self.promising = self.promising or treated
        return None

    def _is_as_good(self, rest: Remedies) -> bool:
        without, full = self._few(rest), self._few(self.accepted)
        if len(without) < len(_FEW) or len(full) < len(_FEW):
            return False
        return mean_gain(without, full) >= -0.5 * LEAST_GAIN

    def _few(self, remedies: Remedies) -> list[ArmResult]:
        seeds = (_SCREENING,) if self.is_quick else _FEW
        results = (self._bench.run(remedies, seed) for seed in seeds)
        return [result for result in results if result is not None]


def describe(remedies: Remedies) -> str:
    """Return what some remedies do, as one line."""
    return " ".join(remedy.describe() for remedy in remedies)


def _with_rate(remedies: Remedies, factor: float) -> Remedies:
    """Return the remedies with the last learning rate that they set scaled, or ()."""
    for place in reversed(range(len(remedies))):
        lr = getattr(remedies[place], "lr", None)
        if isinstance(lr, float):
            scaled: Any = replace(
                cast("Any", remedies[place]), lr=float(f"{lr * factor:.3g}")
            )
            return (*remedies[:place], scaled, *remedies[place + 1 :])
    return ()


def _is_good(results: Sequence[ArmResult], goal: float = GOOD_ENOUGH) -> bool:
    values, scale = comparable(results)
    is_share = scale == 1.0 and all(value >= FLOOR for value in values)
    return is_share and fmean(values) >= goal


class _Gain(NamedTuple):
    gain: float
    seconds: float
    addition: Remedies


def _best_first(gains: list[_Gain]) -> list[Remedies]:
    """Sort by gain; of those that are alike, the first that does not take far longer."""
    left, ordered = list(gains), list[Remedies]()
    while left:
        best = max(gain.gain for gain in left)
        alike = [gain for gain in left if gain.gain >= best - _ALIKE]
        most = _FAR_LONGER * min(gain.seconds for gain in alike)
        chosen = next(gain for gain in alike if gain.seconds <= most)
        left.remove(chosen)
        ordered.append(chosen.addition)
    return ordered
