"""Numbers that get lost: NaN from finite ones, underflow of half precision, a wrong eps."""

import math
from collections.abc import Iterator

from headway.doctor.checks.certain import certain
from headway.doctor.checks.naming import listed
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.traced import BadOp
from headway.doctor.probes.updates import Updates

# Operations that give NaN or infinity for ordinary numbers. An overflow of a product is the
# work of weights or inputs that are far too large.
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
    "__rdiv__": "x / (y + 1e-8)",
    "__rtruediv__": "x / (y + 1e-8)",
    "reciprocal": "1 / (x + 1e-8)",
    "pow": "x.clamp(min=1e-8) ** p",
    "exp": "torch.softmax(x, dim=-1)  # takes the maximum away before exp",
    "exp_": "torch.exp(x.clamp(max=30))",
    "acos": "torch.acos(x.clamp(-1 + 1e-6, 1 - 1e-6))",
    "asin": "torch.asin(x.clamp(-1 + 1e-6, 1 - 1e-6))",
}
# Of a gradient in half precision, as GradScaler is meant to prevent (Micikevicius et al.,
# "Mixed Precision Training", 2018, section 3.2).
_UNDERFLOW = 0.05
# An eps far above what it is added to replaces it.
_DOMINANT = 10.0


def check_numerics(evidence: Evidence) -> Iterator[Finding]:
    """Find where finite numbers become NaN, infinity or zero."""
    updates: Updates | None = evidence.updates
    if updates is None:
        return
    yield from _lost_forward(updates)
    yield from _lost_backward(updates)
    yield from _underflow(updates)
    yield from _eps_of_norms(updates)


def _lost_forward(updates: Updates) -> Iterator[Finding]:
    """The first loss is no number, and a fragile operation made it so."""
    bad = updates.trace.bad_op if updates.trace is not None else None
    first = updates.updates[0] if updates.updates else None
    if bad is None or first is None or bad.op not in _FRAGILE or math.isfinite(first.loss):
        return
    yield _of_operation(bad, f"the first loss is {first.loss}")


def _of_operation(bad: BadOp, what: str) -> Finding:
    line = f" ({bad.line})" if bad.line else ""
    return certain(
        "numerics",
        f"{what}: {bad.op}{line} makes it of numbers from {bad.low:.3g} to {bad.high:.3g}.",
        "Keep the argument of this operation away from where it has no value, or use torch's "
        "own stable function.",
        layer=bad.layer or None,
        code=_FRAGILE[bad.op],
    )


def _lost_backward(updates: Updates) -> Iterator[Finding]:
    """The loss is a number and its gradient is not."""
    sick = [p for p in updates.parameters if p.nonfinite]
    first = next((u for u in updates.updates if not math.isfinite(u.grad_norm)), None)
    # Half precision may overflow now and then: its scaler skips such steps.
    is_scaled = any(math.isfinite(u.half_zero_fraction) for u in updates.updates)
    if not sick or first is None or is_scaled or not math.isfinite(first.loss):
        return
    if updates.backward_error is None:
        return
    yield certain(
        "numerics",
        f"the loss is {first.loss:.3g}, but the gradient of {listed([p.name for p in sick])} "
        f"has NaN, from {updates.backward_error}.",
        "Keep the argument of this operation away from where its derivative is infinite, "
        "such as 0 for sqrt, norm and log.",
        layer=sick[0].layer,
        code="torch.sqrt(x + 1e-8)",
    )


def _underflow(updates: Updates) -> Iterator[Finding]:
    shares = [u.half_zero_fraction for u in updates.updates]
    finite = sorted(share for share in shares if math.isfinite(share))
    if finite and finite[len(finite) // 2] > _UNDERFLOW:
        yield Finding(
            cause="numerics",
            severity="error",
            confidence=0.6,
            evidence=(
                f"{finite[len(finite) // 2]:.0%} of the gradient's numbers are below what "
                "float16 can hold."
            ),
            remedy="Use bfloat16, or scale the loss with torch.amp.GradScaler.",
            code="with torch.autocast(device_type, dtype=torch.bfloat16): ...",
            check="numerics",
        )
    is_skipping = len(shares) > 1 and all(
        not math.isfinite(u.grad_norm) and math.isfinite(u.loss) and not u.optimizer_steps
        for u in updates.updates
    )
    if is_skipping:
        yield Finding(
            cause="numerics",
            severity="error",
            confidence=0.7,
            evidence=(
                f"all of {len(shares)} updates are skipped, because their gradients are not "
                "finite."
            ),
            remedy="Use bfloat16, or start GradScaler with a smaller scale.",
            code="scaler = torch.amp.GradScaler(device_type, init_scale=1024)",
            check="numerics",
        )


def _eps_of_norms(updates: Updates) -> Iterator[Finding]:
    for norm in updates.norms:
        if norm.eps > _DOMINANT * norm.variance:
            yield Finding(
                cause="numerics",
                severity="error",
                confidence=0.6,
                evidence=(
                    f"eps is {norm.eps:g} in {norm.layer}, where the variance of the input is "
                    f"{norm.variance:.3g}: nothing is normalized."
                ),
                remedy="Set eps to 1e-5, and keep the scale of the input.",
                layer=norm.layer,
                code=f"model.{norm.layer}.eps = 1e-5",
                check="numerics",
            )
            return
