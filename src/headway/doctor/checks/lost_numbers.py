"""Numbers that get lost: NaN from finite ones, underflow of half precision, a wrong eps."""

import math
from collections.abc import Iterator

import torch

from headway.doctor.checks.certain import certain
from headway.doctor.checks.naming import listed
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.probes.lost_numbers import LostNumbers
from headway.doctor.probes.traced import BadOp
from headway.doctor.probes.updates import Updates

_CAUSE: Cause = "numerics"
# Operations that give NaN or infinity for ordinary numbers, and a safe form of each. An
# overflow of a product is the work of weights or inputs that are far too large.
_FRAGILE = {
    "log": "torch.log(x.clamp(min=1e-8))",
    "log2": "torch.log2(x.clamp(min=1e-8))",
    "log10": "torch.log10(x.clamp(min=1e-8))",
    "log1p": "torch.log1p(x.clamp(min=-1 + 1e-6))",
    "sqrt": "torch.sqrt(x + 1e-8)",
    "rsqrt": "torch.rsqrt(x + 1e-8)",
    "div": "x / (y + 1e-8)",
    "div_": "x / (y + 1e-8)",
    "true_divide": "x / (y + 1e-8)",
    "__rtruediv__": "x / (y + 1e-8)",
    "__rdiv__": "x / (y + 1e-8)",
    "reciprocal": "1 / (x + 1e-8)",
    "pow": "x.clamp(min=1e-8) ** p",
    "exp": "torch.softmax(x, dim=-1)  # takes the maximum away before exp",
    "exp_": "torch.exp(x.clamp(max=30))",
    "acos": "torch.acos(x.clamp(-1 + 1e-6, 1 - 1e-6))",
    "asin": "torch.asin(x.clamp(-1 + 1e-6, 1 - 1e-6))",
}
# An ordinary argument; beyond it something else made the numbers grow first.
_ORDINARY = 1e4
# Of a gradient in half precision, as GradScaler is meant to prevent (Micikevicius et al.,
# "Mixed Precision Training", 2018, section 3.2).
_UNDERFLOW = 0.05
# An eps far above what it is added to replaces it; up to Keras' 1e-3 the input is too small.
_DOMINANT = 10.0
_USUAL_EPS = 1e-3
# A loss that is so many times the first one was running away before its gradient was lost.
_RAN_AWAY = 10.0


def check_lost_numbers(evidence: Evidence) -> Iterator[Finding]:
    """Find where finite numbers become NaN, infinity or zero."""
    updates: Updates | None = evidence.updates
    if updates is None:
        return
    yield from _lost_forward(updates)
    yield from _lost_backward(updates)
    yield from _lost_in_step(evidence, updates)
    yield from _lost_later(evidence.lost)
    yield from _underflow(updates)
    yield from _skipped(updates)
    yield from _eps_of_norms(updates)


def _lost_forward(updates: Updates) -> Iterator[Finding]:
    """The first loss is no number, and a fragile operation made it so."""
    bad = updates.trace.bad_op if updates.trace is not None else None
    first = updates.updates[0] if updates.updates else None
    if bad is None or first is None or math.isfinite(first.loss) or bad.op not in _FRAGILE:
        return
    yield certain(
        _CAUSE,
        f"the first loss is {first.loss}: {_told(bad)}.",
        "Keep the argument of this operation away from where it has no value, or use torch's "
        "own stable function.",
        layer=bad.layer or None,
        code=_FRAGILE[bad.op],
    )


def _told(bad: BadOp) -> str:
    line = f" ({bad.line})" if bad.line else ""
    return f"{bad.op}{line} makes it of numbers from {bad.low:.3g} to {bad.high:.3g}"


def _lost_backward(updates: Updates) -> Iterator[Finding]:
    """The loss is a number and its gradient is not."""
    sick = [p for p in updates.parameters if p.nonfinite]
    first = next((u for u in updates.updates if not math.isfinite(u.grad_norm)), None)
    # Half precision may overflow now and then: its scaler skips such steps.
    is_scaled = any(math.isfinite(u.half_zero_fraction) for u in updates.updates)
    if not sick or first is None or is_scaled or not math.isfinite(first.loss):
        return
    if abs(first.loss) > _RAN_AWAY * abs(updates.updates[0].loss):
        return
    if updates.backward_error is not None:
        yield certain(
            _CAUSE,
            f"the loss is {first.loss:.3g}, but the gradient of "
            f"{listed([p.name for p in sick])} has NaN, from {updates.backward_error}.",
            "Keep the argument of this operation away from where its derivative is infinite, "
            "such as 0 for sqrt, norm and log.",
            layer=sick[0].layer,
            code="torch.sqrt(x + 1e-8)",
        )


def _lost_in_step(evidence: Evidence, updates: Updates) -> Iterator[Finding]:
    """A finite gradient goes into the optimizer, and weights come out that are no numbers."""
    facts = updates.updates
    before = [math.isfinite(u.loss) and math.isfinite(u.grad_norm) for u in facts]
    is_lost = any(
        ok and not math.isfinite(u.loss) for ok, u in zip(before, facts[1:], strict=False)
    )
    for group in evidence.program.optimizer.param_groups:
        eps = group.get("eps")
        # In float16, 1e-8 is 0; an adaptive optimizer divides by it where gradients vanish.
        if is_lost and any(
            isinstance(eps, float) and float(torch.tensor(eps, dtype=p.dtype)) == 0
            for p in group["params"]
        ):
            yield certain(
                _CAUSE,
                f"a finite gradient makes weights that are no numbers: eps is {eps:g}, which "
                f"is 0 in {group['params'][0].dtype}, and the optimizer divides by it.",
                "Keep the weights in float32, under torch.autocast, or set a larger eps.",
                code="torch.optim.Adam(model.float().parameters(), lr=lr, eps=1e-8)",
            )
            return


def _lost_later(lost: LostNumbers | None) -> Iterator[Finding]:
    """The loss falls, and an operation then meets a number that it has no value for."""
    if lost is None or not lost.went_well:
        return
    bad = lost.bad_op
    if bad is not None and bad.op in _FRAGILE and max(-bad.low, bad.high) < _ORDINARY:
        what, code = _told(bad), _FRAGILE[bad.op]
        layer = bad.layer or None
    elif bad is None and lost.backward_error is not None:
        what, code = f"the gradient of {lost.backward_error} is NaN", "torch.sqrt(x + 1e-8)"
        layer = None
    else:
        return
    yield certain(
        _CAUSE,
        f"the loss goes from {lost.loss_at_start:.3g} to {lost.loss_before:.3g} and is no "
        f"number in update {lost.step}: {what}.",
        "Keep the argument of this operation away from where it has no value, or use torch's "
        "own stable function.",
        layer=layer,
        code=code,
    )


def _finding(confidence: float, evidence: str, remedy: str, code: str) -> Finding:
    return Finding(
        cause=_CAUSE,
        severity="error",
        confidence=confidence,
        evidence=evidence,
        remedy=remedy,
        code=code,
        check="lost_numbers",
    )


def _underflow(updates: Updates) -> Iterator[Finding]:
    shares = sorted(
        u.half_zero_fraction
        for u in updates.updates
        if math.isfinite(u.half_zero_fraction) and math.isfinite(u.grad_norm)
    )
    if shares and shares[len(shares) // 2] > _UNDERFLOW:
        yield _finding(
            0.6,
            f"{shares[len(shares) // 2]:.0%} of the gradient's numbers are below what float16 "
            "can hold.",
            "Use bfloat16, or scale the loss with torch.amp.GradScaler.",
            "with torch.autocast(device_type, dtype=torch.bfloat16): ...",
        )


def _skipped(updates: Updates) -> Iterator[Finding]:
    """A gradient scaler that skips every step."""
    is_skipping = len(updates.updates) > 1 and all(
        not math.isfinite(u.grad_norm) and math.isfinite(u.loss) and not u.optimizer_steps
        for u in updates.updates
    )
    if is_skipping:
        yield _finding(
            0.7,
            f"all of {len(updates.updates)} updates are skipped, because their gradients are "
            "not finite.",
            "Use bfloat16, or start GradScaler with a smaller scale.",
            "scaler = torch.amp.GradScaler(device_type, init_scale=1024)",
        )


def _eps_of_norms(updates: Updates) -> Iterator[Finding]:
    for norm in updates.norms:
        is_odd = norm.eps > max(_USUAL_EPS, _DOMINANT * norm.variance)
        if norm.values > 1 and is_odd:
            yield _finding(
                0.6,
                f"eps is {norm.eps:g} in {norm.layer}, where the variance of the input is "
                f"{norm.variance:.3g}: nothing is normalized.",
                "Set eps to 1e-5, and keep the scale of the input.",
                f"model.{norm.layer}.eps = 1e-5",
            )
            return
