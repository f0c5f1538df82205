"""Inputs whose scale the first layer cannot learn from."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from headway.doctor.checks.certain import certain
from headway.doctor.checks.gated import gated
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.probes.data_facts import DataFacts, InputFacts
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.loss_records import Entry
from headway.doctor.progress import progress
from headway.doctor.remedies.compression import CompressInput
from headway.doctor.tails import heavy_columns

_CAUSE: Cause = "input_scale"
# Weights of the usual initializations are for inputs of mean square 1; the factor of 10 each
# way has been seen to train in healthy programs, and so has the range 0 to 16 of digits.
_LARGE = 10.0
_SMALL = 0.05
# A mean so many standard deviations from 0 makes all columns nearly the same.
_OFFSET = 5.0
# Columns so many times larger than the usual one drown the others.
_COLUMNS = 30.0
# Mostly zeros are counts or one-hot rows, which are small by nature.
_SPARSE = 0.5
# A scale so far out is worth a word even if the program learns.
_STRONG = 5.0
# Validation inputs of a scale so different were not prepared like the training inputs.
_SHIFT = 5.0
_STANDARDIZE = (
    "Standardize the inputs with the mean and the deviation of the training data."
)
_COMPRESS = "Take the logarithm of these columns, on both sides of their median."
_CODE = (
    "mean, std = x_train.mean(dim=0), x_train.std(dim=0).clamp(min=1e-6)\n"
    "x_train, x_val = (x_train - mean) / std, (x_val - mean) / std"
)


@dataclass(frozen=True, kw_only=True)
class _Oddity:
    """What is odd about the scale of an input, and by which factor it exceeds the limit."""

    told: str
    factor: float


def check_input_scale(evidence: Evidence) -> Iterator[Finding]:
    """Find inputs far from zero mean and unit size where they meet the first weights."""
    first: FirstBatch | None = evidence.first_batch
    data: DataFacts | None = evidence.data
    if data is not None:
        yield from _shifted(evidence, data)
    if first is None:
        return
    for entry in first.entries:
        oddity, tail = oddity_of(entry), _tail_of(entry)
        told = tail or (oddity.told if oddity is not None else "")
        if not told:
            continue
        is_far = oddity is not None and oddity.factor >= _STRONG
        strong = is_far and not entry.is_normalized
        yield from gated(
            progress(evidence),
            _CAUSE,
            # A norm of tails is as bad as a standardized tail.
            (0.85 if strong else 0.6) * (0.5 if entry.is_normalized and not tail else 1.0),
            f"The input of the first layer{f' ({entry.layer})' if entry.layer else ''} has "
            f"{told}.",
            _COMPRESS if tail else _STANDARDIZE,
            warns=strong or bool(tail),
            doubt=1.0,
            layer=entry.layer or None,
            code=CompressInput().snippet() if tail else _CODE,
        )
        return


def oddity_of(entry: Entry) -> _Oddity | None:
    """Return what is odd about the scale of what meets the first weights, or None."""
    values = entry.values
    if entry.is_embedded or not values.is_floating_point() or not values.numel():
        return None
    values = values.float().reshape(-1, values.shape[-1])
    if not bool(values.isfinite().all()):
        return None
    found = [_size(values), *_columns(values)]
    return max((o for o in found if o is not None), key=lambda o: o.factor, default=None)


def _tail_of(entry: Entry) -> str:
    """Return what is told of columns with a few huge numbers, "" where there are none."""
    values = entry.values
    if entry.is_embedded or not values.is_floating_point() or values.dim() < 2:
        return ""
    values = values.reshape(-1, values.shape[-1]).double()
    if not bool(values.isfinite().all()):
        return ""
    is_heavy = heavy_columns(values)
    if not bool(is_heavy.any()):
        return ""
    heavy = values[:, is_heavy]
    far = (heavy - heavy.median(dim=0).values).abs().amax(dim=0) / heavy.std(dim=0)
    return (
        f"columns with a few huge numbers, up to {float(far.max()):.3g} deviations from "
        "their median, beside which standardizing leaves all others near 0"
    )


def _size(values: Tensor) -> _Oddity | None:
    rms = float(values.square().mean().sqrt())
    spread = float(values.std(dim=0).square().mean().sqrt()) if len(values) > 1 else rms
    sparse = float((values == 0).float().mean()) > _SPARSE
    if rms > _LARGE:
        told = (
            f"numbers from {float(values.min()):.4g} to {float(values.max()):.4g}, "
            f"{rms:.3g} in the mean (root of squares)"
        )
        return _Oddity(told=told, factor=rms / _LARGE)
    if 0 < rms < _SMALL and not sparse:
        told = f"numbers of {rms:.3g} in the mean (root of squares)"
        return _Oddity(told=told, factor=_SMALL / rms)
    center = abs(float(values.mean()))
    if spread > 0 and center > _OFFSET * spread and center > 1:
        told = f"a mean of {center:.3g} and deviations from it of only {spread:.2g}"
        return _Oddity(told=told, factor=center / spread / _OFFSET)
    return None


def _columns(values: Tensor) -> Iterator[_Oddity]:
    """Columns of very different size; those with few values, such as flags, do not count."""
    if values.shape[1] < 2 or len(values) < 8:
        return
    std, mean = values.std(dim=0), values.mean(dim=0)
    is_measured = torch.tensor([len(c.unique()) > 2 for c in values[:512].unbind(1)])
    sizes = std[is_measured & (std > 0)]
    if len(sizes) < 2:
        return
    ratio = float(sizes.max() / sizes.median())
    if ratio > _COLUMNS and float(sizes.max()) > 1:
        told = f"columns whose deviations differ {ratio:.3g}-fold: {_span(sizes)}"
        yield _Oddity(told=told, factor=ratio / _COLUMNS)
    offsets = (mean.abs() / std)[is_measured & (std > 0) & (mean.abs() > _LARGE)]
    if len(offsets) and float(offsets.max()) > _OFFSET:
        told = f"a column {float(offsets.max()):.3g} deviations away from 0"
        yield _Oddity(told=told, factor=float(offsets.max()) / _OFFSET)


def _span(sizes: Tensor) -> str:
    return f"from {float(sizes.min()):.3g} to {float(sizes.max()):.3g}"


def _shifted(evidence: Evidence, data: DataFacts) -> Iterator[Finding]:
    """Validation inputs that were prepared in another way than the training inputs."""
    for train, val in zip(data.inputs, data.val_inputs, strict=False):
        if not train.is_floating_point or min(train.std, val.std) <= 0:
            continue
        ratio = val.std / train.std
        shift = abs(val.mean - train.mean) / max(train.std, val.std)
        if 1 / _SHIFT < ratio < _SHIFT and shift < 1:
            continue
        told = (
            f"Training inputs have mean {train.mean:.3g} and deviation {train.std:.3g}, "
            f"validation inputs {val.mean:.3g} and {val.std:.3g}."
        )
        remedy = "Prepare both with the numbers of the training data."
        if _is_other_scale(train, val):
            yield certain(_CAUSE, told, remedy, code=_CODE)
        else:
            yield from gated(progress(evidence), _CAUSE, 0.7, told, remedy, code=_CODE)
        return


def _is_other_scale(train: InputFacts, val: InputFacts) -> bool:
    """Whether one is far outside of the range of the other: no sampling does that."""
    spans = sorted([train.high - train.low, val.high - val.low])
    return spans[1] > 20 * spans[0] and math.isfinite(spans[1])
