"""Units or components that start equal and stay equal: they are one, however many there are."""

from collections.abc import Iterator

from torch import nn

from headway.doctor.checks.signal import is_learning, is_trained, symptom_severity
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.flow import FlowFacts
from headway.doctor.probes.update_facts import ParameterFacts
from headway.doctor.probes.updates import Updates
from headway.measure.layer_numbers import LayerNumbers

# A layer counts as symmetric if nearly all of its units have an equal: one or two units that
# are equal by chance or by pruning are no fault.
_SYMMETRIC = 0.9
# Relative gradients below this are rounding.
_ZERO = 1e-6


def check_symmetry(evidence: Evidence) -> Iterator[Finding]:
    """Find layers and other parameters whose units are equal in weights and in gradients."""
    found = list(_of_layers(evidence)) or list(_of_parameters(evidence))
    yield from found


def _of_layers(evidence: Evidence) -> Iterator[Finding]:
    flow: FlowFacts | None = evidence.flow
    if flow is None:
        return
    layers = [layer for layer in _hidden(flow) if is_trained(layer)]
    twins = [layer for layer in layers if _twins(layer) >= _SYMMETRIC]
    if twins and not (_has_noise(flow) and all(_is_still(layer) for layer in twins)):
        yield _lasting(evidence, twins, len(layers))
        return
    constant = [layer for layer in layers if _duplicates(layer) >= _SYMMETRIC]
    # One constant layer is made different by random ones around it.
    has_equal_head = flow.head is not None and _is_constant(flow.head)
    if 2 * len(constant) >= max(len(layers), 1) and len(constant) + has_equal_head >= 2:
        yield _constant(constant, len(layers))


def _of_parameters(evidence: Evidence) -> Iterator[Finding]:
    """Components of a mixture, factors of embeddings and the like, which are no layers."""
    updates: Updates | None = evidence.updates
    if updates is None:
        return
    model = evidence.program.model
    equal = [
        facts
        for facts in updates.parameters
        if facts.num_equal and not (len(facts.shape) == 1 and _is_of_torch(model, facts))
    ]
    if not equal:
        return
    first = equal[0]
    yield Finding(
        cause="init",
        severity=symptom_severity(evidence),
        confidence=0.95,
        evidence=(
            f"The {first.num_equal} parts of {first.name} of shape {first.shape} start equal, "
            "get equal gradients and are equal still after some updates: they stay one and "
            f"the same for ever ({len(equal)} of {len(updates.parameters)} parameters)."
        ),
        remedy="Draw what they start from at random, or from the data.",
        layer=first.layer or None,
        code=f"nn.init.normal_(model.{first.name})",
        check="symmetry",
        is_certain=True,
    )


def _is_of_torch(model: nn.Module, facts: ParameterFacts) -> bool:
    """Whether a parameter is of a layer of torch, whose biases and scales all start equal."""
    owner = dict(model.named_modules()).get(facts.layer or "", model)
    return type(owner).__module__.startswith("torch.")


def _hidden(flow: FlowFacts) -> list[LayerNumbers]:
    recurrent = [x for x in flow.layers if x.kind == "recurrent" and x.call == 0]
    layers = [*flow.hidden_weighted, *recurrent]
    return [x for x in layers if x.output.num_units > 1]


def _twins(layer: LayerNumbers) -> float:
    return 0.0 if layer.weight is None else layer.weight.twin_fraction


def _duplicates(layer: LayerNumbers) -> float:
    return 0.0 if layer.weight is None else layer.weight.duplicate_fraction


def _is_still(layer: LayerNumbers) -> bool:
    relative = None if layer.weight is None else layer.weight.relative_grad
    return relative is not None and relative < _ZERO


def _has_noise(flow: FlowFacts) -> bool:
    """Whether dropout can make units different as soon as they get a gradient."""
    return any(
        "dropout" in layer.type_name.lower() and layer.input_rms != layer.output.rms
        for layer in flow.layers
    )


def _is_constant(layer: LayerNumbers) -> bool:
    is_even = layer.weight is not None and layer.weight.std == 0.0
    return is_even or _duplicates(layer) >= _SYMMETRIC


def _lasting(evidence: Evidence, twins: list[LayerNumbers], count: int) -> Finding:
    first = twins[0]
    return Finding(
        cause="init",
        severity="warning" if is_learning(evidence) else "error",
        confidence=0.97,
        evidence=(
            f"{_twins(first):.0%} of the {first.output.num_units} units of {first.name} have "
            "the same weights and the same gradient as another one, so they stay equal "
            f"({len(twins)} of {count} hidden layers)."
        ),
        remedy="Draw the weights at random instead of setting them to a constant.",
        layer=first.name,
        code=_CODE,
        check="symmetry",
        is_certain=True,
    )


def _constant(constant: list[LayerNumbers], count: int) -> Finding:
    first = constant[0]
    return Finding(
        cause="init",
        severity="error",
        confidence=0.85,
        evidence=(
            f"All units of {first.name} start with the same weights ({len(constant)} of "
            f"{count} hidden layers); only noise can make them different."
        ),
        remedy="Draw the weights at random instead of setting them to a constant.",
        layer=first.name,
        code=_CODE,
        check="symmetry",
    )


_CODE = """\
for module in model.modules():
    if hasattr(module, "reset_parameters"):
        module.reset_parameters()"""
