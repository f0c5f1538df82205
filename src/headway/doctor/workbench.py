"""Where arms are trained: each one once, within a budget, and kept."""

import math
import time
from dataclasses import replace

from headway.doctor.arm import ArmResult, Remedies, run_arm, treated
from headway.doctor.cache import ArmCache
from headway.doctor.evidence import Budget
from headway.doctor.held_back import with_validation
from headway.doctor.program import MakeProgram, Program
from headway.doctor.remedies.fitting import fitting_in_turn
from headway.errors import RemedyDoesNotFit

# An arm that takes so many times as long as the untreated one is given up.
_SLOWEST = 20.0
# Below this many seconds the ratio above says nothing.
_ALWAYS_ALLOWED = 5.0


class Workbench:
    """Trains arms of one program and remembers what came of them.

    Args:
        make: Makes the program; a part of its training data is held back if it has no
            validation data.
        budget: When to stop.
        cache: Where finished arms are kept; in memory where None.
        by_standard: Whether to compare by accuracy or R2 because the program's own metric is
            broken.
        max_steps: Updates of the untreated program at most; treated ones get the same share
            of their own plan.

    Attributes:
        budget: When to stop; may be replaced from stage to stage.
        fraction: Share of its planned updates that each arm is allowed.
        seconds: Time of all arms that were asked for, kept ones with what they once took.
        trainings: Number of those.
    """

    def __init__(
        self,
        make: MakeProgram,
        *,
        budget: Budget | None = None,
        cache: ArmCache | None = None,
        by_standard: bool = False,
        max_steps: int | None = None,
    ) -> None:
        self._make = with_validation(make)
        self._cache = cache or ArmCache()
        self._by_standard = by_standard
        self._asked: set[tuple[str, int]] = set()
        self._usual_seconds = 0.0
        self._most_seconds = math.inf
        self.budget = budget or Budget()
        self.seconds = 0.0
        self.trainings = 0
        self.fraction = 1.0
        if max_steps is not None:
            self.fraction = min(1.0, max_steps / self._planned_steps())

    def pace(self, max_seconds: float) -> None:
        """Train the untreated program, and shorten all arms if that takes too long.

        Where it ends early because it diverges or raises, the first arm that does not sets
        the pace.

        Args:
            max_seconds: What one training may take.
        """
        self._most_seconds = max_seconds
        known = self._cache.fraction()
        if known is not None:
            self.fraction = known
        self.run((), 0)

    @property
    def usual_seconds(self) -> float:
        """How long the first arm took that came to its end; 0 before that."""
        return self._usual_seconds

    def program(self) -> Program:
        """Return an untreated program to look at."""
        return self._make(0)

    def made(self, remedies: Remedies) -> MakeProgram:
        """Return what makes the treated program, on the data that it is trained on here."""
        return treated(self._make, remedies)

    def fitting(self, remedies: Remedies) -> Remedies:
        """Return those of the remedies that find something to change, in order."""
        return tuple(fitting_in_turn(self._make(0), remedies))

    def run(self, remedies: Remedies, seed: int) -> ArmResult | None:
        """Return what comes of an arm, trained if need be.

        Returns:
            None where the remedies do not fit the program, or time ran out.
        """
        result = self._cache.get(remedies, seed, self.fraction)
        if result is None:
            result = self._trained(remedies, seed)
        elif result.stop == "done" and not self._usual_seconds:
            self._usual_seconds = result.seconds
        if result is not None:
            self._count(remedies, result)
        return result

    def _trained(self, remedies: Remedies, seed: int) -> ArmResult | None:
        left = self.budget.left
        if left <= 0:
            return None
        try:
            result = self._arm(remedies, seed, min(left, self._longest()))
        except RemedyDoesNotFit:
            return None
        if not self._usual_seconds and result.steps:
            result = self._pace_set_by(result)
        if not result.is_finished:
            return None
        self._cache.put(remedies, self.fraction, result)
        return result

    def _longest(self) -> float:
        """Return how many seconds an arm may take."""
        if not self._usual_seconds:
            return self._most_seconds
        return max(_SLOWEST * self._usual_seconds, _ALWAYS_ALLOWED)

    def _pace_set_by(self, result: ArmResult) -> ArmResult:
        """Return the first arm that goes on to its end, and remember how long that took."""
        if not result.is_finished:
            # Its last update is the last that any arm may do: so it is complete.
            self.fraction = result.steps / result.planned_steps
            result = replace(result, stop="done")
            self._cache.put_fraction(self.fraction)
        if result.stop == "done":
            self._usual_seconds = result.seconds
        return result

    def _arm(self, remedies: Remedies, seed: int, max_seconds: float) -> ArmResult:
        begun = time.perf_counter()
        result = run_arm(
            self._make,
            remedies,
            seed,
            fraction=self.fraction,
            max_seconds=max_seconds,
            by_standard=self._by_standard,
        )
        return replace(result, seconds=time.perf_counter() - begun)

    def _count(self, remedies: Remedies, result: ArmResult) -> None:
        arm = repr(remedies), result.seed
        if arm not in self._asked:
            self._asked.add(arm)
            self.seconds += result.seconds
            self.trainings += 1

    def _planned_steps(self) -> int:
        program = self.program()
        return max(1, program.epochs * program.train.num_batches)
