"""Embeddings with a largest norm that most of their vectors are held at."""

from collections.abc import Iterator

from headway.doctor.checks.gated import gated
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.watched import Watched
from headway.doctor.progress import progress
from headway.doctor.remedies.unbinding import FreeNorms, embeddings_of

# Most of the trained vectors would be longer if they could; the bound may well be meant, which
# trials tell.
_HELD, _CONFIDENCE = 0.5, 0.5
# What is renormalized misses its bound by rounding, and moves in each update.
_AT_BOUND = 0.9


def check_bound_norms(evidence: Evidence) -> Iterator[Finding]:
    """Find trained embeddings whose vectors have no length of their own."""
    course: Watched | None = evidence.course
    reached = progress(evidence)
    if course is None or not reached.is_known or (reached.is_fine and not reached.has_room):
        return
    for module in embeddings_of(course.program.model):
        bound = module.max_norm
        if bound is None:
            continue
        norms = module.weight.detach().norm(p=module.norm_type, dim=1)
        held = float((norms >= _AT_BOUND * bound).float().mean())
        if held < _HELD:
            continue
        remedy = FreeNorms()
        yield from gated(
            reached,
            "regularization",
            _CONFIDENCE,
            f"max_norm={bound:g} of {type(module).__name__} holds {held:.0%} of its vectors: "
            "they cannot grow.",
            remedy.describe(),
            doubt=1.0,
            code=remedy.snippet(),
            check="bound_norms",
        )
        return
