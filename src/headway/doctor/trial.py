"""The paired experiment: the same seeds and batches without and with a change."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from headway.doctor.arm import ArmResult, Remedies
from headway.doctor.comparing import comparable, mean_value
from headway.doctor.sequential_test import MOST_PAIRS, Verdict, judge
from headway.doctor.workbench import Workbench

# Seeds that decide. Seed 0 chooses what is tried, and others confirm.
DECIDING = tuple(range(1, MOST_PAIRS + 1))
CONFIRMING = tuple(range(101, 101 + MOST_PAIRS))
# A gain below one point of accuracy or R2 is not worth a change.
LEAST_GAIN = 0.01


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One paired experiment and what came of it.

    Attributes:
        control: Remedies of the arm that is compared with.
        treated: Remedies of the arm that is tried.
        control_results: One for each seed.
        treated_results: One for each seed, in the same order.
        verdict: "undecided" where time ran out, or where a remedy does not fit.
        difference: Mean of treated minus control value.
        p_value: One-sided, of the last look at the pairs.
        seconds: How long it took.
    """

    control: Remedies
    treated: Remedies
    control_results: tuple[ArmResult, ...] = ()
    treated_results: tuple[ArmResult, ...] = ()
    verdict: Verdict = "undecided"
    difference: float = 0.0
    p_value: float = 1.0
    seconds: float = 0.0

    @property
    def is_accepted(self) -> bool:
        """Whether the treated arm is better beyond doubt."""
        return self.verdict == "accepted"

    @property
    def control_value(self) -> float:
        """Mean over the seeds, or NaN where there is none."""
        return mean_value(self.control_results)

    @property
    def treated_value(self) -> float:
        """Mean over the seeds, or NaN where there is none."""
        return mean_value(self.treated_results)

    def to_json(self) -> dict[str, Any]:
        """Return what `headway fix --json` says about it."""
        return {
            "remedies": [repr(remedy) for remedy in self.treated],
            "compared_with": [repr(remedy) for remedy in self.control],
            "control": [asdict(result) for result in self.control_results],
            "treated": [asdict(result) for result in self.treated_results],
            "verdict": self.verdict,
            "difference": self.difference,
            "p_value": self.p_value,
            "seconds": round(self.seconds, 2),
        }


def run_trial(
    bench: Workbench,
    treated: Remedies,
    *,
    control: Remedies = (),
    seeds: Sequence[int] = DECIDING,
    least: float = LEAST_GAIN,
    on_pair: Callable[[ArmResult, ArmResult], None] | None = None,
) -> Trial:
    """Train pairs until it is clear whether `treated` is better than `control`.

    Args:
        bench: Trains the arms.
        treated: Remedies of the arm that is tried.
        control: Remedies of the arm that it is compared with.
        seeds: One pair for each, as many as are needed.
        least: The least gain that counts, in accuracy or R2; for a metric of the user's own
            as a share of its range in these trainings.
        on_pair: Called after each pair.
    """
    begun = time.perf_counter()
    pairs: list[tuple[ArmResult, ArmResult]] = []
    trial = Trial(control=control, treated=treated)
    for seed in seeds:
        without, with_ = bench.run(control, seed), bench.run(treated, seed)
        if without is None or with_ is None:
            break
        pairs.append((without, with_))
        if on_pair is not None:
            on_pair(without, with_)
        trial = _judged(trial, pairs, least, time.perf_counter() - begun)
        if trial.verdict != "undecided":
            break
    return trial


def _judged(
    trial: Trial, pairs: list[tuple[ArmResult, ArmResult]], least: float, seconds: float
) -> Trial:
    without, with_ = zip(*pairs, strict=True)
    values, scale = comparable([*without, *with_])
    units = [value / scale for value in values]
    judgment = judge(units[: len(pairs)], units[len(pairs) :], least=least)
    return Trial(
        control=trial.control,
        treated=trial.treated,
        control_results=without,
        treated_results=with_,
        verdict=judgment.verdict,
        difference=judgment.difference * scale,
        p_value=judgment.p_value,
        seconds=seconds,
    )
