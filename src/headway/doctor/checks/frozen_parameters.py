"""Parameters that should learn and cannot: not in the optimizer, or told not to."""

from collections.abc import Iterator

from headway.doctor.checks.certain import certain
from headway.doctor.checks.naming import listed
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding, Severity
from headway.doctor.probes.update_facts import ParameterFacts
from headway.doctor.probes.updates import Updates

_CAUSE: Cause = "frozen_parameters"
_CODE = (
    "optimizer = torch.optim.Adam(model.parameters(), lr=lr)  # after the model is final"
)


def check_frozen_parameters(evidence: Evidence) -> Iterator[Finding]:
    """Find parameters that no update can change, though they were never learned before."""
    updates: Updates | None = evidence.updates
    if updates is None:
        return
    own = [p for p in updates.parameters if p.layer is not None]
    yield from _all_frozen(own)
    yield from _not_held(updates, own)
    yield from _unlisted(updates)
    yield from _without_gradient(updates, own)
    yield from _without_rate(evidence, updates, own)


def _all_frozen(own: list[ParameterFacts]) -> Iterator[Finding]:
    if own and not any(p.requires_grad for p in own):
        yield certain(
            _CAUSE,
            f"none of {len(own)} parameters of the model wants a gradient.",
            "Set requires_grad to True for what is to learn.",
            code="model.requires_grad_(True)",
        )


def _not_held(updates: Updates, own: list[ParameterFacts]) -> Iterator[Finding]:
    """Parameters that get a gradient, and that no optimizer holds."""
    left = [p for p in own if p.is_left]
    if not left:
        return
    if not any(p.is_held for p in own):
        strangers = [p for p in updates.parameters if p.layer is None]
        shapes = {p.shape for p in own}
        copies = sum(p.shape in shapes for p in strangers)
        yield certain(
            _CAUSE,
            f"the optimizer holds none of the {len(own)} parameters of the model, but "
            f"{len(strangers)} others, {copies} of them of the same shapes: those of another "
            "model or of a copy.",
            "Make the optimizer of the model that is trained, after its last change.",
            code=_CODE,
        )
        return
    if not any(updates.is_learned(p.name) for p in left):
        share = sum(p.numel for p in left) / sum(p.numel for p in own)
        yield certain(
            _CAUSE,
            f"{listed([p.name for p in left])} ({share:.0%} of the weights) get a gradient, "
            "but no optimizer holds them: they stay at their initial values.",
            "Give all parameters to the optimizer, after the model is final.",
            layer=left[0].layer,
            code=_CODE,
        )
    else:
        yield Finding(
            cause=_CAUSE,
            severity="info",
            confidence=0.3,
            evidence=(
                f"{listed([p.name for p in left])} are learned weights that get a gradient "
                "which no optimizer uses."
            ),
            remedy="Set requires_grad to False for them, which saves time.",
            layer=left[0].layer,
            code="backbone.requires_grad_(False)",
            check=_CAUSE,
        )


def _unlisted(updates: Updates) -> Iterator[Finding]:
    """Parameters in a plain list or dict, which `model.parameters()` does not see."""
    if updates.trace is None or not updates.trace.unregistered:
        return
    names = updates.trace.unregistered
    yield certain(
        _CAUSE,
        f"the forward pass uses {len(names)} parameters that model.parameters() does not "
        f"list and the optimizer does not hold (in {listed(names)}).",
        "Keep layers in nn.ModuleList or nn.ModuleDict instead of a list or a dict.",
        code="self.layers = nn.ModuleList(layers)",
    )


def _without_gradient(updates: Updates, own: list[ParameterFacts]) -> Iterator[Finding]:
    """Weights at their initial values that are told not to learn."""
    frozen = [
        p
        for p in own
        if not p.requires_grad and len(p.shape) > 1 and p.is_run and not p.has_moved
    ]
    # One learned weight among them makes them a backbone that is kept on purpose.
    is_kept = any(updates.is_learned(p.name) for p in frozen)
    if not frozen or is_kept or not any(p.requires_grad for p in own):
        return
    share = sum(p.numel for p in frozen) / sum(p.numel for p in own)
    # Where another seed gives the same weights, they may have been loaded.
    severity: Severity = "error" if updates.depends_on_seed else "warning"
    yield Finding(
        cause=_CAUSE,
        severity=severity,
        confidence=0.82 if updates.depends_on_seed else 0.5,
        evidence=(
            f"{listed([p.name for p in frozen])} ({share:.0%} of the weights) have "
            "requires_grad False and random initial values."
        ),
        remedy="Set requires_grad to True for them, or load learned weights.",
        layer=frozen[0].layer,
        code=f"model.{frozen[0].layer}.requires_grad_(True)",
        check=_CAUSE,
    )


def _without_rate(
    evidence: Evidence, updates: Updates, own: list[ParameterFacts]
) -> Iterator[Finding]:
    """A group of parameters with learning rate 0 beside others that learn."""
    still = [p for p in own if p.lr == 0 and p.nonzero and not p.has_moved]
    rates = [p.lr for p in own if p.lr]
    if not still or not rates or evidence.program.scheduler is not None:
        return
    fresh = [p for p in still if not updates.is_learned(p.name)]
    if fresh:
        yield certain(
            _CAUSE,
            f"{listed([p.name for p in fresh])} are in a group of learning rate 0; others "
            f"have {max(rates):.3g}.",
            "Give that group a learning rate.",
            layer=fresh[0].layer,
            code=f"group['lr'] = {max(rates):.3g}",
        )
