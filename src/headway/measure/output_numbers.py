"""Numbers of an output tensor."""

import math

import torch
from torch import Tensor

from headway.measure.activation_functions import flat_range
from headway.measure.layer_numbers import OutputNumbers

# Values looked at; of larger outputs every second position, every second of these and so on.
_MOST_VALUES = 2**19
_MOST_FOR_PERCENTILES = 2**16
# Samples and features by which representations are compared.
_MOST_ROWS = 64
_MOST_FEATURES = 4096
_PERCENTILES = (0.01, 0.25, 0.5, 0.75, 0.99)


def measure_output(
    output: Tensor, *, unit_axis: int, batch_axis: int = 0, function: str = ""
) -> OutputNumbers:
    """Return the numbers of one output.

    Args:
        output: Floating-point tensor with at least one value.
        unit_axis: Along which its features or channels lie.
        batch_axis: Along which its samples lie.
        function: Activation function that gave it, which says where it is saturated.
    """
    values = _at_least_2d(output.detach())
    unit_axis, batch_axis = unit_axis % values.dim(), batch_axis % values.dim()
    kept = _thinned(values, unit_axis, batch_axis).double()
    is_finite = kept.isfinite()
    finite_fraction = float(is_finite.double().mean())
    if finite_fraction < 1.0:
        kept = torch.where(is_finite, kept, 0.0)
    units = kept.movedim(unit_axis, -1).reshape(-1, kept.shape[unit_axis])
    highest, lowest = units.amax(dim=0), units.amin(dim=0)
    max_abs = float(torch.maximum(highest, -lowest).max())
    rows = kept.movedim(batch_axis, 0).flatten(1)
    correlation, rank = _representations(rows)
    kept_rms = _rms(kept, max_abs)
    return OutputNumbers(
        shape=tuple(output.shape),
        num_units=values.shape[unit_axis],
        num_samples=values.shape[batch_axis],
        mean=float(kept.mean()),
        std=_rms(kept - kept.mean(), max_abs),
        rms=_whole_rms(values, kept, kept_rms),
        max_abs=max_abs,
        percentiles=_percentiles(kept),
        finite_fraction=finite_fraction,
        zero_fraction=float((kept == 0).double().mean()),
        dead_fraction=float((highest <= 0).double().mean()),
        silent_fraction=float(((highest == 0) & (lowest == 0)).double().mean()),
        **_saturation(units, function),
        variation=_rms(rows - rows.mean(dim=0), max_abs) / kept_rms if kept_rms else 0.0,
        correlation=correlation,
        effective_rank=rank,
    )


def rms(values: Tensor) -> float:
    """Return the root of the mean square, of any magnitude that the type can hold."""
    norm = torch.linalg.vector_norm(values.detach(), dtype=torch.float64)
    return float(norm) / max(1, values.numel()) ** 0.5


def _whole_rms(values: Tensor, kept: Tensor, kept_rms: float) -> float:
    """Return the RMS of all values, as the layer behind them has it of its input."""
    whole = rms(values) if kept.numel() < values.numel() else kept_rms
    return whole if math.isfinite(whole) else kept_rms


def _rms(values: Tensor, scale: float) -> float:
    if scale == 0.0:
        return 0.0
    return float((values / scale).square().mean().sqrt()) * scale


def _at_least_2d(values: Tensor) -> Tensor:
    return values.reshape(-1, 1) if values.dim() < 2 else values


def _thinned(values: Tensor, unit_axis: int, batch_axis: int) -> Tensor:
    """Return a view with every second position until it is small enough."""
    axes = [a for a in reversed(range(values.dim())) if a not in (unit_axis, batch_axis)]
    for axis in (*axes * 8, *[batch_axis] * 32):
        if values.numel() <= _MOST_VALUES:
            break
        if values.shape[axis] > 8:
            values = values.movedim(axis, 0)[::2].movedim(0, axis)
    return values


def _percentiles(values: Tensor) -> tuple[float, float, float, float, float]:
    flat = values.flatten()
    flat = flat[:: -(-len(flat) // _MOST_FOR_PERCENTILES)]
    points = torch.tensor(_PERCENTILES, dtype=flat.dtype, device=flat.device)
    low, lower, middle, upper, high = torch.quantile(flat, points).tolist()
    return low, lower, middle, upper, high


def _saturation(units: Tensor, function: str) -> dict[str, float | None]:
    bounds = flat_range(function)
    if bounds is None:
        return {"saturated_fraction": None, "stuck_fraction": None}
    low, high = units < bounds[0], units > bounds[1]
    stuck = low.all(dim=0) | high.all(dim=0)
    return {
        "saturated_fraction": float((low | high).double().mean()),
        "stuck_fraction": float(stuck.double().mean()),
    }


def _representations(rows: Tensor) -> tuple[float, float]:
    """Return the mean cosine between two rows and the effective rank as a fraction.

    Reference:
        Roy and Vetterli, "The effective rank", 2007.
    """
    rows = rows[:: -(-len(rows) // _MOST_ROWS)]
    rows = rows[:, :: -(-rows.shape[1] // _MOST_FEATURES)]
    rows = rows[rows.abs().sum(dim=1) > 0]
    if len(rows) < 2:
        return 1.0, 0.0
    rows = rows / rows.abs().max()
    unit = torch.nn.functional.normalize(rows, eps=1e-300)
    cosines = unit @ unit.T
    count = len(rows)
    correlation = float(cosines.sum() - cosines.diagonal().sum()) / (count * (count - 1))
    spectrum = torch.linalg.eigvalsh(rows @ rows.T).clamp(min=0).sqrt()
    shares = spectrum / spectrum.sum()
    entropy = -torch.special.xlogy(shares, shares).sum()
    return correlation, float(entropy.exp()) / min(rows.shape)
