"""Gradients that do not get from the loss to the weights, or from there to the optimizer."""

from collections.abc import Iterator

from headway.doctor.checks.certain import certain
from headway.doctor.checks.naming import listed
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.probes.slopes import Slopes
from headway.doctor.probes.traced import Cut, ForwardTrace
from headway.doctor.probes.updates import Updates
from headway.doctor.progress import progress

_CAUSE: Cause = "gradient_wiring"
# A gradient that is not that of the loss can be meant, though hardly where nothing is learned.
_CONFIDENCE = 0.9
# What torch says when a graph is missing, used twice or changed, and what to do about it.
_ERRORS = {
    "does not require grad": "Keep the graph from the weights to the loss: compute the loss "
    "of tensors, without detach, item, numpy, argmax or no_grad in between.",
    "backward through the graph a second time": "Detach what is carried from one update to "
    "the next, such as a hidden state, and compute the loss anew in each update.",
    "modified by an inplace operation": "Replace the in-place operation (+=, relu_, x[...] = "
    "...) by one that returns a new tensor.",
}
_CODE = {
    "detach": "h = layer(x)  # without .detach()",
    "data": "h = layer(x)  # without .data",
    "numpy": "# replace the numpy functions by those of torch",
    "tensor": "loss = loss_fn(output, target)  # not torch.tensor(...) around it",
    "no_grad": "output = model(x)  # outside of torch.no_grad()",
    "argmax": "loss = loss_fn(logits, target)  # not of logits.argmax(...)",
}


def check_gradient_wiring(evidence: Evidence) -> Iterator[Finding]:
    """Find what cuts the gradient, drops it, or leaves it unused."""
    updates: Updates | None = evidence.updates
    if updates is None:
        return
    found = [*_raised(updates), *_cut(updates)]
    if not found:
        found = [*_none_at_all(updates), *_dropped(updates), *_repeated(updates)]
    yield from found or _wrong(updates, evidence)


def _raised(updates: Updates) -> Iterator[Finding]:
    error = updates.error or ""
    wants_gradient = any(p.requires_grad for p in updates.parameters)
    for text, remedy in _ERRORS.items():
        if text in error and wants_gradient:
            cut = _first_cut(updates, updates.cut_layers) if "require" in text else None
            number = len(updates.updates) + 1
            yield certain(
                _CAUSE,
                f"update {number} fails: {error}.{_named(cut)}",
                remedy,
                layer=cut.layer if cut else None,
                code=_CODE.get(cut.op, "") if cut else "",
            )


def _cut(updates: Updates) -> Iterator[Finding]:
    """Layers whose values change the loss while no gradient reaches them."""
    if updates.error and "does not require grad" in updates.error:
        return
    layers = [name for name in updates.cut_layers if _is_meant_to_learn(updates, name)]
    flat = _flat_layers(updates, layers)
    missing = [name for name in layers if _gets_none(updates, name)]
    if not (missing or flat):
        return
    cut = _first_cut(updates, missing or flat)
    how = "no gradient" if missing else "a gradient of exactly zero"
    yield certain(
        _CAUSE,
        f"{listed(missing or flat)}: other weights give another loss, but {how} arrives in "
        f"{len(updates.updates)} updates.{_named(cut)}",
        "Keep the graph between these weights and the loss.",
        layer=(missing or flat)[-1],
        code=_CODE.get(cut.op, "") if cut else "",
    )


def _is_meant_to_learn(updates: Updates, layer: str) -> bool:
    """Whether the optimizer holds a layer, and it is no loaded one that is kept on purpose."""
    own = [p for p in updates.parameters if p.layer == layer]
    return any(p.is_held for p in own) and not any(updates.is_learned(p.name) for p in own)


def _gets_none(updates: Updates, layer: str) -> bool:
    own = [p for p in updates.parameters if p.layer == layer and p.requires_grad]
    return all(p.reached == 0 for p in own)


def _flat_layers(updates: Updates, layers: list[str]) -> list[str]:
    """Return the layers before an operation whose gradient is zero everywhere.

    Without such an operation a gradient of zero is the work of dead or saturated units.
    """
    trace = updates.trace
    if trace is None:
        return []
    last = max((cut.position for cut in trace.cuts if cut.is_flat), default=-1)
    return [layer for layer in layers if _last_use(trace, layer) < last]


def _first_cut(updates: Updates, layers: tuple[str, ...] | list[str]) -> Cut | None:
    """Return what cuts the gradient of these layers: the first such operation after them."""
    trace = updates.trace
    if trace is None:
        return None
    uses = {trace.uses.get(p.name) for p in updates.parameters if p.layer in layers}
    after = max((_last_use(trace, layer) for layer in layers), default=-1)
    inside = (cut for cut in trace.cuts if cut.op == "no_grad" and cut.position in uses)
    later = (cut for cut in trace.cuts if cut.position > after)
    return next(inside, None) or next(later, None)


def _last_use(trace: ForwardTrace, layer: str) -> int:
    prefix = f"{layer}." if layer else ""
    return max(
        (at for name, at in trace.uses.items() if name.startswith(prefix)), default=-1
    )


def _named(cut: Cut | None) -> str:
    if cut is None:
        return ""
    where = f"in {cut.layer}" if cut.layer else "in the model" if cut.layer == "" else ""
    line = f" ({cut.line})" if cut.line else ""
    return f" It is cut by {cut.op} {where or 'after the model'}{line}."


def _none_at_all(updates: Updates) -> Iterator[Finding]:
    trained = [p for p in updates.parameters if p.requires_grad and p.layer is not None]
    if not updates.updates or not trained or any(p.has_moved for p in trained):
        return
    count = len(updates.updates)
    if not any(p.reached for p in trained):
        yield certain(
            _CAUSE,
            f"in {count} updates no gradient arrives at any of {len(trained)} parameters.",
            "Call loss.backward() on the loss that the model's output went into.",
            code="loss = loss_fn(model(x), y)\nloss.backward()\noptimizer.step()",
        )
    elif updates.steps == 0 and not any(p.nonfinite for p in trained):
        yield certain(
            _CAUSE,
            f"gradients arrive in {count} updates, but no optimizer steps and no weight moves.",
            "Call optimizer.step() after loss.backward().",
            code="loss.backward()\noptimizer.step()",
        )


def _dropped(updates: Updates) -> Iterator[Finding]:
    lost = [p for p in updates.parameters if p.lost and not p.used and p.is_held]
    if not lost or any(p.has_moved for p in lost):
        return
    yield certain(
        _CAUSE,
        f"gradients arrive at {listed([p.name for p in lost])}, but are zeroed or dropped "
        f"before each of {updates.steps} optimizer steps, so that nothing moves.",
        "Call zero_grad before backward, and step right after backward.",
        code="optimizer.zero_grad()\nloss.backward()\noptimizer.step()",
    )


def _repeated(updates: Updates) -> Iterator[Finding]:
    """Steps that use the same gradient again; each moves the weights once more."""
    idle = sum(update.idle_steps for update in updates.updates)
    used = updates.steps - idle
    # An optimizer that steps without a gradient now and then belongs to gradual unfreezing.
    if idle < max(2, used / 2) or not any(p.used > p.reached for p in updates.parameters):
        return
    yield certain(
        _CAUSE,
        f"{idle} of {updates.steps} optimizer steps use a gradient that the same optimizer has "
        "used before.",
        "Call optimizer.step() once for each backward pass.",
        code="loss.backward()\noptimizer.step()",
    )


def _wrong(updates: Updates, evidence: Evidence) -> Iterator[Finding]:
    """Layers at which a gradient arrives that is not the slope of the loss."""
    slopes: Slopes | None = evidence.slopes
    cuts = updates.trace.cuts if updates.trace is not None else []
    # A gradient is given to what has none on purpose.
    if slopes is None or not slopes.wrong or any(cut.is_flat for cut in cuts):
        return
    worst = max(slopes.wrong, key=lambda wrong: wrong.error)
    cut = next((cut for cut in cuts if cut.op in _CODE), None)
    yield Finding(
        cause=_CAUSE,
        severity="error",
        confidence=_CONFIDENCE,
        evidence=f"{listed([wrong.layer for wrong in slopes.wrong])}: the gradient is not the "
        f"slope of the loss. Along a random direction in {worst.layer or 'the model'} the "
        f"loss changes by {worst.measured:.3g}, measured by finite differences, and by "
        f"{worst.backward:.3g} according to backward; in all directions tried the difference "
        f"is {worst.error:.0%}.{_named(cut)} The program learns badly: "
        f"{progress(evidence).describe()}.",
        remedy="Let the whole gradient through: no detach, .data or no_grad on a way from "
        "these weights to the loss.",
        layer=worst.layer,
        code=_CODE.get(cut.op, "") if cut else "",
        check=_CAUSE,
    )
