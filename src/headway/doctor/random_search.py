"""Random search over the usual settings: what any repair has to beat with the same budget."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from headway.doctor.arm import ArmResult, Remedies
from headway.doctor.comparing import comparable
from headway.doctor.program import Program
from headway.doctor.remedies.activations import SwapActivation
from headway.doctor.remedies.batches import SetBatchSize, Shuffle
from headway.doctor.remedies.duration import SetEpochs
from headway.doctor.remedies.initialization import Reinitialize
from headway.doctor.remedies.normalization import InsertNormalization
from headway.doctor.remedies.optimizers import SetOptimizer
from headway.doctor.remedies.regularization import (
    InsertDropout,
    SetDropout,
    SetWeightDecay,
)
from headway.doctor.remedies.remedy import Remedy
from headway.doctor.trial import CONFIRMING, DECIDING, Trial, run_trial
from headway.doctor.workbench import Workbench

# Each setting is drawn anew or left alone with equal chances.
_CHANGED = 0.5
# So many of the best on one seed are trained from further seeds before one is chosen.
_FINALISTS = 3
_FINAL_SEEDS = DECIDING[:2]
# Part of the time that the draws may take; the rest is for the finalists.
_DRAWING = 0.7

# Draws without a result, one for each, before it is given up: no time, or nothing fits.
_MOST_FAILURES = 50

Draw = Callable[[random.Random, Program], Remedy]

# In the order in which they are applied. The ranges are those of published searches for
# repairs: learning rate, optimizer, batch size, epochs, activation, initialization, layers.
_SPACE: tuple[Draw, ...] = (
    lambda r, _: SwapActivation(to=r.choice(("relu", "tanh", "gelu", "selu"))),
    lambda r, _: InsertNormalization(),
    lambda r, _: r.choice((SetDropout(p=0.0), InsertDropout(p=r.choice((0.1, 0.3, 0.5))))),
    lambda r, _: Reinitialize(scheme=r.choice(("he", "xavier"))),
    lambda r, _: SetOptimizer(
        name=r.choice(("sgd", "adam", "adamw")), lr=_rounded(10 ** r.uniform(-5, 0))
    ),
    lambda r, _: SetWeightDecay(weight_decay=r.choice((0.0, 1e-4, 1e-3, 1e-2))),
    lambda r, _: SetBatchSize(batch_size=r.choice((16, 32, 64, 128, 256))),
    lambda r, _: Shuffle(),
    lambda r, program: SetEpochs(epochs=program.epochs * r.choice((2, 3))),
)


@dataclass(frozen=True, kw_only=True)
class RandomSearch:
    """What random search found with the budget that it was given.

    Attributes:
        tried: Each drawn set of settings and its value on one seed.
        best: The best of them, over a few seeds; empty where none was finished.
        proof: The untreated program against it, on the seeds that confirm a repair too.
        trainings: Trainings that it took, proof left out.
        seconds: How long those took.
    """

    tried: tuple[tuple[Remedies, float], ...] = ()
    best: Remedies = ()
    proof: Trial | None = None
    trainings: int = 0
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return what `headway fix --json` says about it."""
        return {
            "tried": [
                {"remedies": [repr(remedy) for remedy in remedies], "value": value}
                for remedies, value in self.tried
            ],
            "best": [repr(remedy) for remedy in self.best],
            "proof": self.proof.to_json() if self.proof else None,
            "trainings": self.trainings,
            "seconds": round(self.seconds, 2),
        }


def random_search(
    bench: Workbench,
    *,
    seconds: float,
    seed: int = 0,
    seeds: Sequence[int] = CONFIRMING,
) -> RandomSearch:
    """Draw settings at random as long as the budget lasts, and confirm the best.

    Args:
        bench: Trains the arms; each counts with the time it takes, kept ones too.
        seconds: Time for trainings, without those that confirm.
        seed: Of the draws.
        seeds: Those that the best has to prove itself on.

    Reference:
        Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", 2012; as the
        baseline of repair tools: Kim et al., "Repairing DNN Architecture: Are We There
        Yet?", ICST 2023.
    """
    tried = list(_drawn(bench, seconds * _DRAWING, random.Random(seed)))
    finalists = _ranked([(remedies, [result]) for remedies, result in tried])
    finals = [(remedies, _few(bench, remedies)) for remedies in finalists[:_FINALISTS]]
    ranked = _ranked([(remedies, results) for remedies, results in finals if results])
    best = ranked[0] if ranked else ()
    trained = [result for _, result in tried]
    trained += [result for _, results in finals for result in results]
    return RandomSearch(
        tried=tuple((remedies, result.value) for remedies, result in tried),
        best=best,
        proof=run_trial(bench, best, seeds=seeds) if best else None,
        trainings=len(trained),
        seconds=sum(result.seconds for result in trained),
    )


def _drawn(
    bench: Workbench, seconds: float, r: random.Random
) -> Iterator[tuple[Remedies, ArmResult]]:
    """Yield drawn settings and what they come to on one seed, until the time is spent."""
    program = bench.program()
    spent, failures = 0.0, 0
    while spent < seconds and failures < _MOST_FAILURES:
        remedies = tuple(draw(r, program) for draw in _SPACE if r.random() < _CHANGED)
        remedies = bench.fitting(remedies)
        result = bench.run(remedies, 0) if remedies else None
        if result is None:
            failures += 1
            continue
        spent += result.seconds
        yield remedies, result


def _ranked(arms: list[tuple[Remedies, list[ArmResult]]]) -> list[Remedies]:
    """Return the settings, best first."""
    values, _ = comparable([result for _, results in arms for result in results])
    rest = iter(values)
    means = [fmean(next(rest) for _ in results) for _, results in arms]
    order = sorted(range(len(arms)), key=lambda n: -means[n])
    return [arms[n][0] for n in order]


def _few(bench: Workbench, remedies: Remedies) -> list[ArmResult]:
    results = (bench.run(remedies, seed) for seed in _FINAL_SEEDS)
    return [result for result in results if result is not None]


def _rounded(lr: float) -> float:
    return float(f"{lr:.2g}")
