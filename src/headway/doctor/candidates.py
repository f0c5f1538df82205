"""Which remedies to try for what was found, most likely first."""

from collections.abc import Iterable, Iterator

from headway.doctor.arm import Remedies
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.contrast import Contrasts
from headway.doctor.remedies.initialization import Reinitialize
from headway.doctor.remedies.input_scale import StandardizeInput
from headway.doctor.remedies.optimizers import SetOptimizer
from headway.doctor.remedies.propose import generic, propose
from headway.doctor.remedies.rates import ScaleLearningRate
from headway.doctor.remedies.remedy import Remedy
from headway.doctor.remedies.together import Together

# Suits most small networks, if their rate is not the only fault or not known.
_USUAL_OPTIMIZER = SetOptimizer("adam", 1e-3)
_RATE_FACTORS = (3.0, 0.3, 10.0, 0.1)
# Generic remedies that come before the usual recipe.
_FIRST = 2
# Alternatives of one finding, and first choices that are tried together.
_ALTERNATIVES = 4
_TOGETHER = 3
# Share of what is lost that a change has to win back in a short training to be tried first,
# and how many such changes are.
_SHOWN = 0.7
_MOST_SHOWN = 2


def additions_for(findings: Iterable[Finding], evidence: Evidence) -> list[Remedies]:
    """Return sets of remedies to try: certain ones together, single ones, likely ones together.

    Faults hide each other: two that each stop a network from learning show no gain one by
    one, so the first choices of the likeliest causes are tried together as well.
    """
    relevant = [finding for finding in findings if finding.severity != "info"]
    proposed = [(finding, _proposed(finding, evidence)) for finding in relevant]
    proposed = [(finding, sets) for finding, sets in proposed if sets]
    certain = [sets[0] for finding, sets in proposed if is_sure(finding)]
    likely = [sets[0] for _, sets in proposed]
    together = [_joined(likely[:count]) for count in range(2, _TOGETHER + 1)]
    others = [remedies for _, sets in proposed for remedies in sets[1:]]
    usual = [(*_joined(likely), _USUAL_OPTIMIZER)] if likely else []
    # The first choice of each finding comes before the second of any.
    single = [*_shown(evidence), *likely, *together[:1], *others]
    return distinct([_joined(certain), *single, *together[1:], _joined(likely), *usual])


def certain_remedies(findings: Iterable[Finding], evidence: Evidence) -> list[Remedies]:
    """Return what cures each fault that is certain."""
    sure = (_proposed(finding, evidence) for finding in findings if is_sure(finding))
    return distinct([sets[0] for sets in sure if sets])


def is_sure(finding: Finding) -> bool:
    """Whether a finding is an error by logic."""
    return finding.is_certain and finding.severity == "error"


def generic_additions(evidence: Evidence) -> list[Remedies]:
    """Return the remedies that are worth a try for any program that learns badly.

    The usual recipe is tried as a whole before its parts, which are dropped again if they are
    not needed: for a program with several faults none of them helps alone.
    """
    single = [flat([remedy]) for remedy in generic(evidence)]
    recipe = (StandardizeInput(), Reinitialize(), _USUAL_OPTIMIZER)
    return distinct([*rate_additions(), *single[:_FIRST], recipe, *single[_FIRST:]])


def rate_additions() -> list[Remedies]:
    """Return a small sweep of the learning rate, which suits after other changes."""
    return [(ScaleLearningRate(factor=factor),) for factor in _RATE_FACTORS]


def flat(remedies: Iterable[Remedy]) -> Remedies:
    """Return remedies with those that are made of others taken apart."""
    parts: list[Remedy] = []
    for remedy in remedies:
        parts += flat(remedy.remedies) if isinstance(remedy, Together) else [remedy]
    return tuple(parts)


def distinct(additions: Iterable[Remedies]) -> list[Remedies]:
    """Return the sets without empty and repeated ones, and without repetition in each."""
    kept: dict[tuple[str, ...], Remedies] = {}
    for addition in additions:
        own = tuple(_once(addition))
        if own:
            kept.setdefault(tuple(map(repr, own)), own)
    return list(kept.values())


def _shown(evidence: Evidence) -> list[Remedies]:
    """Return the changes that short trainings have shown to win most back, best first."""
    contrasts: Contrasts | None = evidence.contrasts
    tried = contrasts.tried if contrasts is not None else ()
    # Longer trainings help with many faults, and make all that follows as much slower.
    helpful = [c for c in tried if c.recovered >= _SHOWN and c.cause != "epochs_few"]
    helpful.sort(key=lambda contrast: -contrast.recovered)
    return [flat([contrast.remedy]) for contrast in helpful[:_MOST_SHOWN]]


def _proposed(finding: Finding, evidence: Evidence) -> list[Remedies]:
    """Return the alternatives for one finding."""
    return [flat([remedy]) for remedy in propose(finding, evidence)[:_ALTERNATIVES]]


def _joined(sets: Iterable[Remedies]) -> Remedies:
    return tuple(remedy for remedies in sets for remedy in remedies)


def _once(remedies: Remedies) -> Iterator[Remedy]:
    seen: set[str] = set()
    for remedy in remedies:
        if repr(remedy) not in seen:
            seen.add(repr(remedy))
            yield remedy
