"""Targets that neither the network nor anything else can tell from the inputs."""

from collections.abc import Iterator

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.sweep import Sweep
from headway.doctor.progress import progress
from headway.doctor.sweep_findings import is_only_sooner

# Shares of the way from a constant answer to a perfect one: what a program has to learn to have
# learned something, and what a baseline has to reach to show that there is something.
_LEARNED = 0.15
_SEEN = 0.05
_CONFIDENCE = 0.6


def check_hardly_learned(evidence: Evidence) -> Iterator[Finding]:
    """Find classes that are learned by heart a little, and that no rate learns better.

    A network that is wired wrongly does not learn its training data either.
    """
    reached = progress(evidence)
    sweep: Sweep | None = evidence.sweep
    if sweep is None or not reached.has_room or reached.is_poor:
        return
    if sweep.is_confirmed and not is_only_sooner(evidence):
        return
    way = 1 - reached.dumb
    is_little = reached.metric < reached.dumb + _LEARNED * way
    is_seen = reached.good > reached.dumb + max(_SEEN * way, reached.margin)
    is_by_heart = reached.train_metric > reached.metric + 2 * reached.margin
    has_labels = evidence.task.kind in ("classes", "binary")
    if not (has_labels and is_little and is_by_heart) or is_seen:
        return
    yield Finding(
        cause="bad_data",
        severity="warning",
        confidence=_CONFIDENCE,
        evidence=(
            f"Of new samples {reached.metric:.0%} are recognized, where a constant answer has "
            f"{reached.dumb:.0%}, of those it was trained on {reached.train_metric:.0%}, and "
            "no other learning rate does better: most targets do not follow from the inputs."
        ),
        remedy="Check whether the targets are right and belong to their inputs.",
        code="wrong = (model(x).argmax(dim=1) != y).nonzero()",
        check="hardly_learned",
        # What is said is a fact; where targets are wrong, no remedy wins much.
        is_certain=True,
    )
