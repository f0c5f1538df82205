"""What the program reaches at other learning rates and with other optimizers."""

import math
from dataclasses import dataclass, field

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.progress import Progress, progress
from headway.doctor.remedies.following import peak_lr
from headway.doctor.remedies.optimizers import SetOptimizer
from headway.doctor.remedies.own_rates import writes_rates
from headway.doctor.remedies.rates import SetLearningRate
from headway.doctor.short_runs import Reached, ShortRuns
from headway.doctor.usual_rates import decades_outside, usual_rates

# Share of the budget, and how many runs it is meant to pay for.
_SHARE = 0.2
_NUM_RUNS = 12
# Multiples of the program's own rate: first a decade to both sides, then on where it pays.
_FIRST = (0.1, 10.0)
_DECADE = 10.0
_WIDEST = 1.1e5
_WIDEST_BY_LUCK = 1.1e3
_FINE = 3.0
# A rate that is this many powers of ten outside of what is usual for its optimizer is compared
# with a usual one: in between there may be nothing that learns.
_ODD = 1.0
# A program that is fine is looked at again where another rate gains this share of the way
# from the dumb baseline.
_FAR = 0.05
# A seed of its own decides whether what was found is more than luck.
_CONFIRMING = (1,)
# Where the optimizer has no rate at all, the sweep is around this one.
_USUAL_LR = 1e-3
# Metrics closer than this are equal, however many samples there are.
_LEAST_MARGIN = 0.01


@dataclass(frozen=True, kw_only=True)
class SweepPoint:
    """What one learning rate reaches.

    Attributes:
        lr: The largest rate of the groups.
        factor: It over the program's own.
        reached: Where a short training with the first seed ended.
    """

    lr: float
    factor: float
    reached: Reached


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Short trainings at several learning rates.

    Attributes:
        own_lr: The program's own largest rate.
        own: What it reaches with the first seed, at the same length.
        points: By learning rate, the program's own among them.
        best: The point with the best result.
        nearest_factor: The factor nearest to 1 that does about as well.
        gain: How much more `best` reaches than the own rate on a seed that did not choose it.
        is_confirmed: Whether that gain is clear.
        optimizers: What other optimizers reach with their usual rates, first seed.
        steps: Updates of each run.
    """

    own_lr: float
    own: Reached
    points: tuple[SweepPoint, ...]
    best: SweepPoint
    nearest_factor: float = 1.0
    gain: float = 0.0
    is_confirmed: bool = False
    optimizers: dict[str, Reached] = field(default_factory=dict[str, Reached])
    steps: int = 0


def probe_sweep(evidence: Evidence, budget: Budget) -> Sweep | None:
    """Sweep the learning rate, thoroughly where the program makes poor progress.

    A rate whose loss is no number is a bad rate and nothing else: it never moves the others.
    """
    is_poor = not progress(evidence).is_fine
    runs = ShortRuns(evidence, seconds=budget.part(_SHARE), num_runs=_NUM_RUNS)
    if runs.is_over:
        return None
    return _Search(evidence, runs).sweep(is_thorough=is_poor)


class _Search:
    def __init__(self, evidence: Evidence, runs: ShortRuns) -> None:
        self._runs = runs
        self._progress: Progress = progress(evidence)
        self._own_lr = _own_lr(evidence)
        self._base = self._own_lr or _USUAL_LR
        self._usual = _usual_factor(evidence, self._base)
        self._tolerance = max(_LEAST_MARGIN, self._progress.margin)
        self._tried: dict[float, Reached] = {}
        self._lost: set[float] = set()

    def sweep(self, *, is_thorough: bool) -> Sweep:
        own = self._runs.run()
        if self._own_lr:
            self._tried[1.0] = own
        self._try(1.0)
        for factor in _FIRST:
            self._try(factor)
        is_thorough = is_thorough or self._is_far_better()
        if is_thorough:
            if self._usual is not None:
                self._try(self._usual)
            self._extend()
            self._refine()
        gain, is_confirmed = self._confirm() if is_thorough else (0.0, False)
        nearest, best = self._nearest(), self._best()
        return Sweep(
            own_lr=self._own_lr,
            own=own,
            points=tuple(self._point(factor) for factor in sorted(self._tried)),
            best=self._point(best),
            nearest_factor=nearest,
            gain=gain,
            is_confirmed=is_confirmed,
            optimizers=self._optimizers() if is_thorough else {},
            steps=self._runs.steps,
        )

    def _point(self, factor: float) -> SweepPoint:
        lr = self._base * factor
        return SweepPoint(lr=lr, factor=factor, reached=self._tried[factor])

    def _try(self, factor: float) -> None:
        if not self._runs.is_over and factor not in self._tried:
            self._tried[factor] = self._runs.run(self._remedy(factor))

    def _remedy(self, factor: float) -> SetLearningRate:
        return SetLearningRate(lr=float(f"{self._base * factor:.4g}"))

    def _extend(self) -> None:
        """Go on by decades while the leader is at an end, or to both sides without one."""
        while not self._runs.is_over:
            low, high = min(self._tried), max(self._tried)
            leader = self._leader()
            sides = [high * _DECADE] * (leader in (high, None))
            sides += [low / _DECADE] * (leader in (low, None))
            widest = _WIDEST if leader else _WIDEST_BY_LUCK
            usual = self._usual if leader and self._usual else 1.0
            lowest, highest = min(1.0, usual) / widest, max(1.0, usual) * widest
            sides = [factor for factor in sides if lowest <= factor <= highest]
            if not sides:
                return
            for factor in sides:
                self._try(factor)

    def _refine(self) -> None:
        nearest = self._nearest()
        for factor in (nearest / _FINE, nearest * _FINE):
            self._try(factor)

    def _leader(self) -> float | None:
        """Return the factor with the best metric, by loss where metrics are alike.

        Returns:
            None where no rate learns anything and their order is luck.
        """
        top = self._tried[self._best()].score
        good = [
            factor
            for factor, reached in self._tried.items()
            if reached.score >= top - self._tolerance
        ]
        leader = min(good, key=lambda factor: self._tried[factor].loss)
        is_luck = math.isfinite(self._progress.dumb) and (
            top < self._progress.dumb + 2 * self._tolerance
        )
        return None if is_luck else leader

    def _best(self) -> float:
        """Return the factor with the best metric, of those that lose no numbers by luck."""
        kept = [factor for factor in self._tried if factor not in self._lost]
        return max(kept or self._tried, key=lambda factor: self._tried[factor].score)

    def _nearest(self) -> float:
        """Return the factor nearest to 1 that is about as good as the best."""
        top = self._tried[self._best()].score
        good = [
            factor
            for factor, reached in self._tried.items()
            if reached.score >= top - self._tolerance and factor not in self._lost
        ]
        return min(good, key=lambda factor: abs(math.log(factor)))

    def _is_far_better(self) -> bool:
        """Whether another rate goes much of the way that is left, where most is gone."""
        top, own = self._tried[self._best()].score, self._tried.get(1.0)
        if own is None:
            return True
        dumb = self._progress.dumb if math.isfinite(self._progress.dumb) else 0.0
        gain = top - own.score
        return gain > self._tolerance and gain > _FAR * (top - dumb)

    def _confirm(self) -> tuple[float, bool]:
        """Return what the best of other rates gains on another seed, and if that is clear.

        One whose loss becomes no number there is left out, and the next best is looked at.
        """
        while self._nearest() != 1.0 or not self._own_lr:
            best = self._best()
            treated = self._runs.run(self._remedy(best), seeds=_CONFIRMING)
            is_left = len(self._lost) + 1 < len(self._tried)
            if treated.has_diverged and is_left and not self._runs.is_over:
                self._lost.add(best)
                continue
            gain = treated.score - self._runs.run(seeds=_CONFIRMING).score
            return gain, gain > self._tolerance
        return 0.0, False

    def _optimizers(self) -> dict[str, Reached]:
        """Try the usual optimizers, which differ from a rate in what they do to directions."""
        found: dict[str, Reached] = {}
        for name in ("adam", "sgd"):
            if not self._runs.is_over:
                found[name] = self._runs.run(SetOptimizer(name))
        return found


def _own_lr(evidence: Evidence) -> float:
    """Return the largest rate, which the program's own step may be the first to set."""
    program = evidence.program
    rates = evidence.course.rates if evidence.course is not None else []
    if rates and writes_rates(program.step):
        return max(rates)
    return peak_lr(program) or max(rates, default=0.0)


def _usual_factor(evidence: Evidence, lr: float) -> float | None:
    """Return the middle of usual rates over one that is far from them, or else None."""
    optimizer = evidence.program.optimizer
    usual = usual_rates(optimizer)
    if usual is None or abs(decades_outside(lr, optimizer)) < _ODD:
        return None
    return math.sqrt(usual[0] * usual[1]) / lr
