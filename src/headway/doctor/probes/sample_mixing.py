"""Whether samples of a batch run into each other: an axis that is taken for another one."""

import math
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from headway.doctor.examples import BatchStream, take
from headway.doctor.probes.features import tensors_in
from headway.doctor.program import Program, call_model, main_output, num_in
from headway.measure.probe import evaluating

# Few other axes are as long as one of these: a prime number of samples tells itself.
_COUNTS = (23, 13, 7)
# Differences beyond this share of the spread of the outputs are no rounding.
_EPS = 1e-3


@dataclass(frozen=True, kw_only=True)
class SampleMixing:
    """How outputs in evaluation mode change with the other samples of their batch.

    Attributes:
        by_order: How far they change, as a share of their spread, when the others come in
            another order. Statistics of the batch do not depend on that.
        by_others: How far they change when the others are replaced.
        by_own: How far they change when the sample itself is, and the others are not.
        layer: A recurrent or attention layer that takes the samples for the steps of a
            sequence, or None.
        kind: Its class, or "".
        takes_batch_first: Whether that layer was told that samples come first.
    """

    by_order: float = 0.0
    by_others: float = 0.0
    by_own: float = 1.0
    layer: str | None = None
    kind: str = ""
    takes_batch_first: bool = False

    @property
    def is_certain(self) -> bool:
        """Whether the axis of the samples is taken for another one."""
        is_read = self.by_others <= _EPS < self.by_own
        return self.by_order > _EPS or (self.layer is not None and not is_read)

    @property
    def depends_on_others(self) -> bool:
        """Whether outputs change with what the other samples are."""
        return self.by_others > _EPS

    @property
    def is_blind(self) -> bool:
        """Whether nothing of the samples reaches the outputs."""
        return max(self.by_order, self.by_others, self.by_own) <= _EPS


def sample_mixing(program: Program) -> SampleMixing | None:
    """Change the other samples of a batch; None where samples cannot be picked by number."""
    if isinstance(program.train.source, BatchStream):
        # The first axis of a ready batch may be another one.
        return None
    batch = _batch(program)
    if batch is None:
        return None
    inputs, spare = batch
    count = num_in(inputs)
    # Those in the middle are kept: a sequence may be read in either direction.
    numbers = torch.arange(count)
    is_kept = (numbers >= count // 3) & (numbers < 2 * count // 3)
    order = numbers.clone()
    order[~is_kept] = numbers[~is_kept].flip(0)
    try:
        with evaluating(program.model):
            with _sequences(program.model, count) as found:
                plain = _outputs(program, inputs)
            again = _outputs(program, inputs)
            # An output for each other sample compares them, which is meant.
            if len(plain) != count or count in plain.shape[1:] or _gap(plain, again) > _EPS:
                return None
            ordered = _outputs(program, take(inputs, order))
            replaced = _outputs(program, _with_others(inputs, spare, is_kept))
            own = _outputs(program, _with_others(inputs, spare, ~is_kept))
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError):
        return None
    name, layer = found[0] if found else (None, None)
    return SampleMixing(
        by_order=_gap(plain[is_kept], ordered[is_kept]),
        by_others=_gap(plain[is_kept], replaced[is_kept]),
        by_own=_gap(plain[is_kept], own[is_kept]),
        layer=name,
        kind=type(layer).__name__ if layer is not None else "",
        takes_batch_first=bool(getattr(layer, "batch_first", False)),
    )


def _batch(program: Program) -> tuple[Any, Any] | None:
    """Return inputs of as many samples as no other axis has, and as many others."""
    for count in _COUNTS:
        if program.train.num_samples < 2 * count:
            continue
        inputs, targets = program.train.pick(torch.arange(count))
        tensors = list(tensors_in(inputs))
        lengths = {t.shape[0] if t.dim() else 0 for t in tensors}
        others = {size for t in tensors for size in t.shape[1:]}
        if lengths == {count} and num_in(targets) == count and count not in others:
            return inputs, program.train.pick(torch.arange(count, 2 * count))[0]
    return None


def _outputs(program: Program, inputs: Any) -> Tensor:
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        return main_output(call_model(program.model, inputs)).detach().float().clone()


def _with_others(inputs: Any, spare: Any, is_kept: Tensor) -> Any:
    """Return inputs whose samples are those of `spare` where they are not kept."""
    if isinstance(inputs, Tensor):
        mask = is_kept.to(inputs.device).reshape(-1, *[1] * (inputs.dim() - 1))
        return torch.where(mask, inputs, spare)
    if hasattr(inputs, "items"):
        return {k: _with_others(v, spare[k], is_kept) for k, v in inputs.items()}
    pairs = zip(inputs, spare, strict=True)
    return tuple(_with_others(value, other, is_kept) for value, other in pairs)


@contextmanager
def _sequences(model: nn.Module, count: int) -> Generator[list[tuple[str, nn.Module]]]:
    """Note the layers whose axis of steps is as long as there are samples."""
    found: list[tuple[str, nn.Module]] = []
    handles = [
        module.register_forward_pre_hook(_note(found, name, count))
        for name, module in model.named_modules()
        if isinstance(
            module, (nn.RNNBase, nn.MultiheadAttention, nn.TransformerEncoderLayer)
        )
    ]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def _note(found: list[tuple[str, nn.Module]], name: str, count: int) -> Any:
    def note(module: nn.Module, args: tuple[Any, ...]) -> None:
        given = args[0] if args else None
        if not isinstance(given, Tensor) or given.dim() not in (2, 3):
            return
        first = module
        if isinstance(module, nn.TransformerEncoderLayer):
            first = module.self_attn
        is_first = bool(getattr(first, "batch_first", False)) and given.dim() == 3
        steps, samples = given.shape[is_first], given.shape[1 - is_first]
        if steps == count and (samples != count or given.dim() == 2):
            found.append((name, first))

    return note


def _gap(first: Tensor, second: Tensor) -> float:
    """Return the distance of two outputs over the spread of the first; 0 where none is."""
    if first.shape != second.shape or not first.numel():
        return 0.0
    spread = float(first.std()) + 1e-6 * float(first.abs().mean()) + 1e-12
    gap = float((first - second).square().mean().sqrt()) / spread
    return gap if math.isfinite(gap) else 0.0
