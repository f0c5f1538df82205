"""Settings of the optimizer that no program means, whatever it learns."""

import math
from collections.abc import Iterator
from typing import Any

from headway.doctor.checks.certain import absurd, certain
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding, Severity
from headway.doctor.probes.updates import Updates
from headway.doctor.probes.watched import Watched

# With momentum .99 a step lasts for 100 updates; beyond it even long trainings oscillate.
_LARGE_MOMENTUM = 0.99
# Outside of what publications use for Adam: beta1 from 0 to .95, beta2 from .9 to .9999.
_LARGE_BETA1 = 0.97
_SMALL_BETA2 = 0.8
# Adam's eps next to the typical gradient that it is added to.
_DOMINANT_EPS = 10.0
# Most of the weights move along the gradient instead of against it.
_ASCENT = 0.3
# A new optimizer in each update has no memory.
_MANY_OPTIMIZERS = 3


def check_optimizer(evidence: Evidence) -> Iterator[Finding]:
    """Look at the settings of each group and at the direction of the first update."""
    groups: list[dict[str, Any]] = evidence.program.optimizer.param_groups
    updates: Updates | None = evidence.updates
    yield from _rates(evidence, groups)
    yield from _momentum(evidence, groups)
    yield from _betas(evidence, groups)
    if updates is not None:
        yield from _direction(groups, updates)
        yield from _eps(groups, updates)
        yield from _many(evidence, updates)


def _finding(
    severity: Severity, confidence: float, evidence: str, remedy: str, code: str
) -> Finding:
    return Finding(
        cause="optimizer",
        severity=severity,
        confidence=confidence,
        evidence=evidence,
        remedy=remedy,
        code=code,
        check="optimizer",
    )


def _rates(evidence: Evidence, groups: list[dict[str, Any]]) -> Iterator[Finding]:
    rates = [float(group["lr"]) for group in groups if "lr" in group]
    if any(rate < 0 for rate in rates):
        yield certain(
            "optimizer",
            f"the learning rate is {min(rates):g}: weights move up the loss.",
            "Set a learning rate above 0.",
            code="torch.optim.Adam(model.parameters(), lr=1e-3)",
        )
    # A scheduler may begin at 0 and raise it, and so may a step of the program's own.
    is_raised = evidence.program.scheduler is not None or _has_moved(evidence)
    if rates and not any(rates) and not is_raised:
        yield certain(
            "lr_low",
            "the learning rate is 0: no update changes a weight.",
            "Set a learning rate above 0.",
            code="torch.optim.Adam(model.parameters(), lr=1e-3)",
        )


def _has_moved(evidence: Evidence) -> bool:
    """Whether the program's own updates raise the rate, or change a weight without it."""
    course: Watched | None = evidence.course
    updates: Updates | None = evidence.updates
    is_raised = course is not None and any(course.rates)
    return is_raised or (
        updates is not None and any(p.has_moved for p in updates.parameters)
    )


def _momentum(evidence: Evidence, groups: list[dict[str, Any]]) -> Iterator[Finding]:
    momentum = max((float(group.get("momentum") or 0.0) for group in groups), default=0.0)
    if momentum >= 1:
        yield certain(
            "optimizer",
            f"momentum is {momentum:g}: what one step adds never fades, and weights run away.",
            "Set momentum to 0.9.",
            code="torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)",
        )
    elif momentum > _LARGE_MOMENTUM:
        yield absurd(
            evidence,
            "optimizer",
            0.65,
            f"momentum is {momentum:g}: a step goes on for {1 / (1 - momentum):.0f} updates.",
            "Set momentum to 0.9.",
            code="torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)",
        )


def _betas(evidence: Evidence, groups: list[dict[str, Any]]) -> Iterator[Finding]:
    for group in groups:
        betas = group.get("betas")
        if not isinstance(betas, (tuple, list)) or len(betas) < 2:
            continue
        first, second = float(betas[0]), float(betas[1])
        # Adam is bounded for beta1 < sqrt(beta2) (Reddi et al., "On the Convergence of Adam
        # and Beyond", 2018, theorem 4).
        is_swapped = first > math.sqrt(second)
        if is_swapped or first > _LARGE_BETA1 or second < _SMALL_BETA2:
            yield absurd(
                evidence,
                "optimizer",
                0.8 if is_swapped else 0.6,
                f"betas are ({first:g}, {second:g}): the mean of the gradient lasts "
                f"{1 / max(1 - first, 1e-9):.0f} updates, its scale "
                f"{1 / max(1 - second, 1e-9):.0f}.",
                "Set betas to (0.9, 0.999).",
                code="torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.999))",
            )
            return


def _direction(groups: list[dict[str, Any]], updates: Updates) -> Iterator[Finding]:
    """Weights that move up the loss; gradients of a standard loss mean to go down."""
    moved = [p for p in updates.parameters if math.isfinite(p.ascent)]
    total = sum(p.numel for p in moved)
    mean = sum(p.ascent * p.numel for p in moved) / total if total else 0.0
    if mean < _ASCENT:
        return
    is_maximizing = any(group.get("maximize") for group in groups)
    is_standard = updates.trace is not None and bool(updates.trace.losses)
    losses = [update.loss for update in updates.updates]
    evidence = (
        f"the first update moves the weights along the gradient (cosine {mean:.2f}), up the "
        f"loss, which goes from {losses[0]:.3g} to {losses[-1]:.3g}."
    )
    remedy = "Set maximize to False." if is_maximizing else "Subtract the gradient."
    code = "torch.optim.Adam(model.parameters(), lr=lr)" if is_maximizing else "w -= lr * g"
    if is_standard and min(losses) >= 0:
        yield certain("optimizer", evidence, remedy, code=code)
    else:
        yield _finding("error", 0.85, evidence, remedy, code)


def _eps(groups: list[dict[str, Any]], updates: Updates) -> Iterator[Finding]:
    given = [group.get("eps") for group in groups]
    eps = max((value for value in given if isinstance(value, float)), default=0.0)
    is_adaptive = any("betas" in group or "alpha" in group for group in groups)
    reached = [p for p in updates.parameters if p.is_held and p.grad_norm > 0]
    count = sum(p.numel for p in reached)
    if not is_adaptive or not count:
        return
    rms = math.sqrt(sum(p.grad_norm**2 for p in reached) / count)
    if eps > _DOMINANT_EPS * rms and math.isfinite(rms):
        yield _finding(
            "error",
            0.65,
            f"eps is {eps:g}, {eps / rms:.0f} times the typical gradient of {rms:.2g}: the "
            "steps are that much smaller than the learning rate says.",
            "Set eps to 1e-8.",
            "torch.optim.Adam(model.parameters(), lr=lr, eps=1e-8)",
        )


def _many(evidence: Evidence, updates: Updates) -> Iterator[Finding]:
    """A new optimizer in each update: its momentum and its moments are never used."""
    if updates.num_optimizers < _MANY_OPTIMIZERS or updates.is_own_optimizer_used:
        return
    told = (
        f"{updates.num_optimizers} optimizers step in {len(updates.updates)} updates, and "
        "none of them is the program's own"
    )
    remedy = "Make the optimizer once, before the training."
    code = "optimizer = torch.optim.Adam(model.parameters(), lr=lr)  # before the loop"
    is_plain = updates.num_optimizers == updates.steps and not updates.is_memory_lost
    if is_plain and evidence.program.scheduler is None:
        # Nothing is kept from one step to the next, and no schedule changes the rate.
        yield _finding("info", 0.6, f"{told}.", remedy, code)
        return
    yield absurd(
        evidence,
        "optimizer",
        0.9 if updates.is_memory_lost else 0.6,
        f"{told}: each forgets what the last one knew.",
        remedy,
        code=code,
        is_mistake=updates.is_memory_lost,
    )
