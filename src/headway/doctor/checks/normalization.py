"""Norms whose statistics are noisy, frozen, never used, or those of a single number."""

import math
from collections.abc import Iterator
from statistics import median

from headway.doctor.checks.certain import absurd, certain
from headway.doctor.checks.naming import listed
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding, Severity
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.late_modes import LateModes
from headway.doctor.probes.norm_facts import NormFacts
from headway.doctor.probes.updates import Updates

# Below this, batch statistics cost accuracy (Wu and He, "Group Normalization", 2018,
# figure 1); below 4 they are mostly noise.
_SMALL_BATCH = 8
_TINY_BATCH = 4
# So much of the initial values in the statistics at the end of training is far too much.
_MOST_LEFT = 0.3
# Statistics of about one batch only; others libraries' momentum .99 is torch's .01.
_LARGE_MOMENTUM = 0.9
# The same samples should not cost more in evaluation mode; dropout makes them cost less.
_WORSE = 2.0
_LEAST_GAP = 0.05
_LAST = 0.1
_SURE = 0.9


def check_normalization(evidence: Evidence) -> Iterator[Finding]:
    """Look at the batches and the running statistics of each batch norm."""
    yield from _of_one_number(evidence)
    updates: Updates | None = evidence.updates
    if updates is None:
        return
    if "more than 1 value per channel" in (updates.error or ""):
        yield _single(f"an update fails: {updates.error}")
        return
    norms = [norm for norm in updates.norms if norm.is_trained]
    if norms:
        yield from _single_last(updates, norms)
        yield from _frozen(updates, norms)
        yield from _slow(evidence, norms)
        yield from _forgetful(evidence, norms)
        yield from _small(updates, norms)
        yield from _far(evidence, norms)
        yield from _needless_bias(norms)


def _of_one_number(evidence: Evidence) -> Iterator[Finding]:
    """Norms within a sample that leave nothing of it: each number is its own mean."""
    first: FirstBatch | None = evidence.first_batch
    lone = [norm for norm in first.norms if norm.values == 1] if first is not None else []
    if not lone:
        return
    names = listed([norm.layer or "the forward pass" for norm in lone])
    is_root = lone[0].op == "rms_norm"
    left = (
        "only the sign of its input is left" if is_root else "nothing of its input is left"
    )
    yield absurd(
        evidence,
        "normalization",
        _SURE,
        f"{names} ({lone[0].op}) takes each statistic over a single number, which is its own "
        f"mean: {left}, whatever the sample.",
        "Normalize over several numbers: fewer groups than channels, or a larger shape.",
        layer=lone[0].layer or None,
        code="nn.GroupNorm(8, num_channels)  # several channels in each group",
        is_mistake=True,
    )


def _single(evidence: str) -> Finding:
    return certain(
        "normalization",
        f"{evidence}: batch norm has no statistics of one sample.",
        "Use batches of at least 8 samples and drop an incomplete last one, or layer norm.",
        code="loader = DataLoader(train_set, batch_size=32, shuffle=True, drop_last=True)",
    )


def _finding(
    severity: Severity, confidence: float, evidence: str, remedy: str, layer: str, code: str
) -> Finding:
    return Finding(
        cause="normalization",
        severity=severity,
        confidence=confidence,
        evidence=evidence,
        remedy=remedy,
        layer=layer,
        code=code,
        check="normalization",
    )


def _single_last(updates: Updates, norms: list[NormFacts]) -> Iterator[Finding]:
    sizes = updates.order.batch_sizes if updates.order is not None else ()
    # Inputs without positions give one value for each sample and channel.
    is_flat = any(norm.values == norm.samples for norm in norms)
    if is_flat and sizes and sizes[-1] == 1 and max(sizes) > 1:
        yield _single("the last batch of an epoch has one sample, and training stops there")


def _frozen(updates: Updates, norms: list[NormFacts]) -> Iterator[Finding]:
    """Statistics of 0 and 1 that no update changes."""
    still = [norm for norm in norms if norm.tracks and norm.is_default]
    fixed = [norm for norm in still if norm.momentum == 0]
    if fixed:
        yield certain(
            "normalization",
            f"momentum is 0 in {listed([norm.layer for norm in fixed])}: running statistics "
            "stay 0 and 1, and evaluation is not what was trained.",
            "Set momentum to 0.1.",
            layer=fixed[0].layer,
            code=f"model.{fixed[0].layer}.momentum = 0.1",
        )
    unused = [norm for norm in still if norm.eval_calls == norm.calls]
    is_root_in_eval = all("" in update.eval_layers for update in updates.updates)
    if unused and not is_root_in_eval:
        yield certain(
            "normalization",
            f"{listed([norm.layer for norm in unused])} are in evaluation mode while the "
            "model is trained, with the statistics 0 and 1 that they were made with.",
            "Call model.train(), or load learned statistics.",
            layer=unused[0].layer,
            code="model.train()",
        )


def _slow(evidence: Evidence, norms: list[NormFacts]) -> Iterator[Finding]:
    program = evidence.program
    steps = program.epochs * program.train.num_batches
    slow = [
        norm
        for norm in norms
        if norm.tracks
        and norm.is_default is False
        and norm.momentum
        and norm.momentum < 0.05
        and (1 - norm.momentum) ** steps > _MOST_LEFT
    ]
    if not slow:
        return
    momentum = slow[0].momentum or 0.0
    yield _finding(
        "error",
        0.75,
        f"after {steps} updates with momentum {momentum:g}, {(1 - momentum) ** steps:.0%} of "
        f"the running statistics of {listed([norm.layer for norm in slow])} are still the "
        "initial ones.",
        "Set momentum to 0.1.",
        slow[0].layer,
        f"model.{slow[0].layer}.momentum = 0.1",
    )


def _forgetful(evidence: Evidence, norms: list[NormFacts]) -> Iterator[Finding]:
    noisy = [n for n in norms if n.tracks and (n.momentum or 0.0) >= _LARGE_MOMENTUM]
    if noisy:
        yield absurd(
            evidence,
            "normalization",
            0.6,
            f"momentum is {noisy[0].momentum:g} in {listed([n.layer for n in noisy])}: "
            "evaluation uses the statistics of about one batch.",
            "Set momentum to 0.1; it is the weight of the new batch in torch.",
            layer=noisy[0].layer,
            code=f"model.{noisy[0].layer}.momentum = 0.1",
        )


def _small(updates: Updates, norms: list[NormFacts]) -> Iterator[Finding]:
    sizes = updates.order.batch_sizes if updates.order is not None else ()
    usual = median(sizes) if sizes else min(norm.samples for norm in norms)
    used = [norm for norm in norms if norm.eval_calls < norm.calls]
    if usual >= _SMALL_BATCH or not used:
        return
    is_tiny = usual < _TINY_BATCH
    yield _finding(
        "error" if is_tiny else "warning",
        0.8 if is_tiny else 0.5,
        f"{listed([norm.layer for norm in used])} take their statistics over batches of "
        f"{usual:g} samples.",
        "Use larger batches, or group norm or layer norm.",
        used[0].layer,
        "nn.GroupNorm(8, num_channels)  # instead of nn.BatchNorm2d(num_channels)",
    )


def _far(evidence: Evidence, norms: list[NormFacts]) -> Iterator[Finding]:
    """Training samples that cost far more in evaluation mode than in training mode."""
    course = evidence.course
    tracked = [norm for norm in norms if norm.eval_calls < norm.calls]
    if course is None or not course.losses or not course.evaluations or not tracked:
        return
    count = max(1, int(_LAST * len(course.losses)))
    training = sum(course.losses[-count:]) / count
    evaluated = course.last.train.loss
    if not (math.isfinite(training) and math.isfinite(evaluated)) or training <= 0:
        return
    if _is_worse(evaluated, training) and not _grows_with_the_batch(evidence):
        yield _finding(
            "error",
            0.7,
            f"the training samples cost {training:.3g} in training mode and {evaluated:.3g} "
            "in evaluation mode: running statistics are not those of the batches.",
            "Use larger batches, momentum 0.1, or layer norm or group norm.",
            tracked[0].layer,
            "nn.GroupNorm(8, num_channels)  # instead of nn.BatchNorm2d(num_channels)",
        )


def _is_worse(evaluated: float, training: float) -> bool:
    return evaluated > _WORSE * training + _LEAST_GAP


def _grows_with_the_batch(evidence: Evidence) -> bool:
    """Whether batches are all that differ: contrastive losses have more to tell apart."""
    late: LateModes | None = evidence.late_modes
    if evidence.task.kind != "unknown" or late is None:
        return False
    return not _is_worse(late.eval_loss, late.train_loss)


def _needless_bias(norms: list[NormFacts]) -> Iterator[Finding]:
    biased = [norm.follows_bias for norm in norms if norm.follows_bias is not None]
    if biased:
        yield _finding(
            "info",
            0.2,
            f"the biases of {listed(biased)} go into a batch norm, which takes them away.",
            "Pass bias=False there, which saves a little time.",
            biased[0],
            "nn.Linear(in_features, out_features, bias=False)",
        )
