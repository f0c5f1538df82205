"""Operations that leave the numbers that a computer has."""

import math
from collections.abc import Iterator

from headway.doctor.checks.certain import certain
from headway.doctor.checks.gated import gated
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.probes.data_facts import DataFacts
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.loss_records import Danger
from headway.doctor.progress import progress

_CAUSE: Cause = "numerics"
# exp of more than this is infinite in 32 bits.
_MOST_EXP = 88.0
_PROBABILITIES = frozenset({"softmax", "sigmoid", "div", "exp"})
# Outputs above this are no matter of the loss.
_HUGE = 1e4


def check_loss_numerics(evidence: Evidence) -> Iterator[Finding]:
    """Find a first loss that is no number, and logarithms and divisions near zero."""
    first: FirstBatch | None = evidence.first_batch
    if first is None or _has_bad_data(evidence.data):
        return
    facts, output = first.facts, first.output
    if output is not None and output.mean_abs > _HUGE:
        return
    is_lost = not first.error and not math.isfinite(first.loss)
    if output is not None and not output.is_finite:
        is_lost = True
    danger = _worst(first)
    if is_lost or (facts is not None and not facts.is_grad_finite):
        what = "gradient" if not is_lost else "loss"
        where = _told(danger) if danger is not None else "where is not known"
        yield certain(
            _CAUSE,
            f"The first {what} is no finite number, with finite data: {where}.",
            _remedy(danger),
            layer=danger.layer if danger else None,
            code=_code(danger),
        )
    elif danger is not None:
        has_diverged = progress(evidence).has_diverged
        if danger.layer is not None and not has_diverged:
            return
        yield from gated(
            progress(evidence),
            _CAUSE,
            0.85 if has_diverged else 0.4,
            f"{_told(danger)}.".capitalize(),
            _remedy(danger),
            warns=False,
            layer=danger.layer,
            code=_code(danger),
        )


def _has_bad_data(data: DataFacts | None) -> bool:
    if data is None:
        return False
    targets = [data.targets] if data.targets else []
    return any(facts.bad_fraction > 0 for facts in (*data.inputs, *targets))


def _worst(first: FirstBatch) -> Danger | None:
    """Return the first operation that fails, or else one that will for a sure answer."""
    for danger in first.dangers:
        if _fails(danger):
            return danger
    for danger in first.dangers:
        if danger.op.startswith("log") and danger.source in _PROBABILITIES:
            return danger
    return None


def _fails(danger: Danger) -> bool:
    if danger.op in ("log", "log2", "log10", "sqrt"):
        return danger.low <= 0
    if danger.op == "exp":
        return danger.high > _MOST_EXP
    return (
        danger.op == "div"
        and danger.low <= 0 <= danger.high
        and danger.low * danger.high == 0
    )


def _told(danger: Danger) -> str:
    where = (
        f" in layer {danger.layer}" if danger.layer else " in the loss" * (not danger.layer)
    )
    of = f" of the result of {danger.source}" if danger.source else ""
    return f"{danger.op}{of}{where} gets numbers from {danger.low:.3g} to {danger.high:.3g}"


def _remedy(danger: Danger | None) -> str:
    if danger is None:
        return "Check each operation of the loss for zeros and overflow."
    if danger.op.startswith("log") and danger.source in _PROBABILITIES:
        return "Use log_softmax or logsigmoid, or the loss of torch that takes logits."
    if danger.op == "exp":
        return "Subtract the maximum first, or use softmax, logsumexp or softplus."
    return f"Add a small number to what {danger.op} gets."


def _code(danger: Danger | None) -> str:
    if danger is None:
        return ""
    if danger.op.startswith("log") and danger.source in _PROBABILITIES:
        return "log_p = F.log_softmax(logits, dim=1)"
    if danger.op == "exp":
        return "p = torch.softmax(logits, dim=1)"
    return f"torch.{danger.op}(x + 1e-8)"
