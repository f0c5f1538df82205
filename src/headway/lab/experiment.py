"""What an experiment is: a claim, arms, requirements and a picture."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from matplotlib.figure import Figure

from headway.lab.bench import Bench

# What an arm found from one seed: names and values that JSON can hold.
Numbers = Mapping[str, Any]
Arm = Callable[[Bench, int], Numbers]
# The numbers of all arms from one seed.
Arms = Mapping[str, Numbers]


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """A condition on the numbers, fixed before the run.

    Attributes:
        text: The condition as a sentence with its threshold.
        value: The number that decides, from the arms of one seed; not a number where an arm
            gave none, which meets no requirement.
        above: The number must be larger than this.
        below: The number must be smaller than this.
        where: In which seeds it must hold: in each, in three of four, or in their mean.
        is_control: Whether it says that the control came out the other way, without which
            the experiment shows nothing.
    """

    text: str
    value: Callable[[Arms], float]
    above: float | None = None
    below: float | None = None
    where: Literal["each", "most", "mean"] = "each"
    is_control: bool = False

    def is_met_by(self, value: float) -> bool:
        """Whether one number is as required."""
        is_above = self.above is None or value > self.above
        return is_above and (self.below is None or value < self.below) and value == value


@dataclass(frozen=True)
class Results:
    """What all arms gave from all seeds.

    Attributes:
        by_seed: Numbers by seed and arm.
    """

    by_seed: Mapping[int, Arms]

    def values(self, arm: str, key: str) -> list[Any]:
        """Return one number of an arm for each seed."""
        return [arms[arm][key] for arms in self.by_seed.values()]

    def mean(self, arm: str, key: str) -> float:
        """Return its mean over the seeds."""
        values = self.values(arm, key)
        return sum(values) / len(values)

    def first(self, arm: str) -> Numbers:
        """Return the numbers of an arm from the first seed, for pictures of one run."""
        return next(iter(self.by_seed.values()))[arm]


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A published claim about trainability, and how it is put to the test.

    Attributes:
        name: Word by which it is asked for.
        claim: The claim in one sentence.
        source: Who claims it, and in which figure or table.
        arms: What is compared; each gives numbers from a seed.
        requirements: What must hold for the claim to count as reproduced.
        plot: Draws the numbers, beside which the original figure can be laid.
        scale: "full" ones use a paper's own setting and run only where asked for.
        is_exact: Whether every seed gives the same, so that one is enough.
        note: What a reader should know besides, such as why it does not hold here.
        size: Width and height of the picture in inches.
    """

    name: str
    claim: str
    source: str
    arms: Mapping[str, Arm]
    requirements: Sequence[Requirement]
    plot: Callable[[Figure, Results], None]
    scale: Literal["quick", "full"] = "quick"
    is_exact: bool = False
    note: str = ""
    size: tuple[float, float] = (8.0, 4.5)
