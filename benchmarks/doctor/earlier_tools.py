"""Rule sets of earlier tools over one training of any PyTorch program.

Written anew from the thresholds that their authors published. Each returns the causes that it
names, in the order in which it looks for them; none means that it sees no fault. What they say
of Keras layers is said here of modules, and accuracy is R2 where values are learned.

References:
    Zhang et al., "AutoTrainer", ICSE 2021. Its symptoms count only where training did not
    converge. Amazon SageMaker Debugger, built-in rules with their defaults. Wardat et al.,
    "DeepDiagnosis", ICSE 2022. Schoop et al., "UMLAUT", CHI 2021.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import torch
from families import Make
from instrument import Moment, Trace, trace
from torch import nn

from headway.errors import HeadwayError


def judge(make: Make, budget: float) -> dict[str, Any]:
    """Return the causes that each tool names for a program."""
    try:
        seen = trace(make(0), 0, budget)
    except (RuntimeError, ValueError, TypeError, IndexError, HeadwayError) as error:
        # A program that stops with an error needs no tool: all get the point, none the cause.
        return {"tools": {tool: ["error"] for tool in TOOLS}, "stopped": repr(error)[:200]}
    if seen.course.stop == "error":
        return {"tools": {tool: ["error"] for tool in TOOLS}}
    return {
        "tools": {tool: list(dict.fromkeys(rule(seen))) for tool, rule in TOOLS.items()}
    }


def auto_trainer(seen: Trace) -> list[str]:
    """Gradients, accuracy and outputs, judged after 30 % of the training."""
    if seen.is_lost:
        return ["exploding_gradient"]
    found: list[str] = []
    metrics = seen.metrics("train")
    late = [moment for moment in seen.moments if moment.fraction >= 0.3]
    is_stuck = max(metrics, default=0.0) < 0.6
    gains = [b - a for a, b in pairwise(metrics)]
    for moment in late if is_stuck else ():
        norms = list(moment.grad_norms.values())
        if len(norms) < 2:
            continue
        first, last = norms[0], max(norms[-1], 1e-20)
        if first / last < 1e-3 and first < 1e-4:
            found.append("vanishing_gradient")
        if first / last > 70:
            found.append("exploding_gradient")
        if max(moment.zero_grads.values()) >= 0.7:
            found.append("dead_units")
    swings = sum(gain <= -0.03 for gain in gains)
    if gains and swings >= 0.2 * len(gains):
        found.append("lr_high")
    if is_stuck and max(gains, default=0.0) < 0.01:
        found.append("lr_low")
    if is_stuck and not found:
        found.append("other")
    return found


def sagemaker_debugger(seen: Trace) -> list[str]:
    """Each rule fires on its own, at any of the moments."""
    found: list[str] = []
    if seen.is_lost:
        found.append("exploding_gradient")
    for moment in seen.moments:
        found += _of_moment(moment)
    stds = seen.weight_stds
    if stds and (max(stds) > 10 * max(min(stds), 1e-12) or max(stds) < 1e-3):
        found.append("init")
    if _loss_stands_still(seen.course.losses):
        found.append("lr_low")
    train, val = seen.losses("train"), seen.losses("val")
    if train and val and (val[-1] - train[-1]) / max(abs(val[-1]), 1e-12) > 0.1:
        found.append("overfitting")
    if _is_imbalanced(seen.targets):
        found.append("class_imbalance")
    if seen.inputs.dim() == 4 and abs(float(seen.inputs.float().mean())) > 0.2:
        found.append("input_scale")
    return found


def _of_moment(moment: Moment) -> Iterable[str]:
    if any(mean < 1e-7 for mean in moment.grad_means.values()):
        yield "vanishing_gradient"
    if any(share > 0.5 for share in moment.inactive.values()):
        yield "dead_units"
    if any(share > 0.5 for share in moment.saturated.values()):
        yield "saturation"
    if any(ratio > 10 for ratio in moment.update_ratios.values()):
        yield "lr_high"
    if any(0 < ratio < 1e-8 for ratio in moment.update_ratios.values()):
        yield "lr_low"
    if any(ratio == 0 for ratio in moment.update_ratios.values()):
        yield "frozen_parameters"


def deep_diagnosis(seen: Trace) -> list[str]:
    """Eight symptoms with a threshold each, data last."""
    found: list[str] = []
    if seen.is_lost:
        found.append("exploding_gradient")
    for moment in seen.moments:
        if any(share >= 0.7 for share in moment.inactive.values()):
            found.append("dead_units")
        if any(share > 0.5 for share in moment.saturated.values()):
            found.append("saturation")
        if any(mean < 1e-7 for mean in moment.update_means.values()):
            found.append("vanishing_gradient")
    if any(not 1e-5 <= std**2 <= 10 for std in seen.weight_stds):
        found.append("init")
    if not 1e-5 <= seen.lr <= 1e-1:
        found.append("lr_high" if seen.lr > 1e-1 else "lr_low")
    if _goes_beyond_one(seen):
        found.append("input_scale")
    return found


def umlaut(seen: Trace) -> list[str]:
    """Heuristics about data, settings and curves."""
    found: list[str] = []
    if seen.is_lost:
        found.append("exploding_gradient")
    if _goes_beyond_one(seen):
        found.append("input_scale")
    if seen.lr > 0.01:
        found.append("lr_high")
    if seen.lr < 1e-7:
        found.append("lr_low")
    if _wants_probabilities(seen):
        found.append("output_activation")
    val = seen.losses("val")
    if any(later > earlier for earlier, later in pairwise(val)):
        found.append("overfitting")
    if seen.program.val is not None and max(seen.metrics("val"), default=0.0) > 0.95:
        found.append("bad_data")
    rates = [m.p for m in seen.program.model.modules() if isinstance(m, nn.Dropout)]
    if any(rate > 0.5 for rate in rates):
        found.append("regularization")
    return found


TOOLS: dict[str, Callable[[Trace], list[str]]] = {
    "AutoTrainer": auto_trainer,
    "SageMaker Debugger": sagemaker_debugger,
    "DeepDiagnosis": deep_diagnosis,
    "UMLAUT": umlaut,
}


def _loss_stands_still(losses: list[float]) -> bool:
    """Whether the loss of ten steps is not 0.1 % below that of the ten before."""
    means = [sum(losses[i : i + 10]) / 10 for i in range(0, len(losses) - 9, 10)]
    pairs = pairwise(means)
    return any(later > earlier - 1e-3 * abs(earlier) for earlier, later in pairs)


def _is_imbalanced(targets: torch.Tensor) -> bool:
    if targets.is_floating_point() or targets.dim() != 1:
        return False
    counts = torch.bincount(targets.clamp(min=0))
    counts = counts[counts > 0]
    return len(counts) > 1 and int(counts.max()) > 10 * int(counts.min())


def _goes_beyond_one(seen: Trace) -> bool:
    inputs = seen.inputs
    return inputs.is_floating_point() and not bool((inputs.abs() <= 1.0 + 1e-6).all())


def _wants_probabilities(seen: Trace) -> bool:
    """Whether the loss takes probabilities, and the outputs are none."""
    if not isinstance(seen.program.loss_fn, (nn.BCELoss, nn.NLLLoss)):
        return False
    output = (
        seen.output if isinstance(seen.program.loss_fn, nn.BCELoss) else seen.output.exp()
    )
    return not bool(((output >= 0) & (output <= 1)).all())
