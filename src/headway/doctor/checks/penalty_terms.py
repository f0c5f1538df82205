"""Penalties in the loss that pull harder than its errors do."""

from collections.abc import Iterator

from headway.doctor.checks.gated import gated
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.progress import progress

# Terms that balance each other, such as those of a variational autoencoder, pull 1 to 2 times
# as hard as each other; much weaker ones can only be one suspect among others.
_OUTWEIGHS, _COUNTS = 2.5, 0.3
_SURE, _UNSURE = 0.82, 0.5
# A program that learns says itself whether its penalty is meant, unless it is as strong.
_STRONG = 1.0


def check_penalty_terms(evidence: Evidence) -> Iterator[Finding]:
    """Find terms of the loss that know no targets and leave little to be learned."""
    first: FirstBatch | None = evidence.first_batch
    if first is None or first.penalty is not None or first.penalty_terms is None:
        return
    terms, reached = first.penalty_terms, progress(evidence)
    # What lets no gradient of the errors through makes any penalty look strong: without a
    # judge of what is learned nothing tells the two apart.
    if terms.pull < _COUNTS or not reached.is_known:
        return
    yield from gated(
        reached,
        "regularization",
        _SURE if terms.pull > _OUTWEIGHS else _UNSURE,
        "Terms of the loss that compare nothing with the targets, such as a penalty on "
        "activations, on weights or on a code, move the weights that they concern with "
        f"{terms.pull:.2g} times the force of the errors.",
        "Multiply the penalty by a much smaller factor, and reduce both terms alike: a sum "
        "over the batch outweighs a mean.",
        warns=terms.pull > _STRONG and not terms.is_random,
        code="loss = error.mean() + 1e-6 * penalty.mean()",
        check="penalty_terms",
    )
