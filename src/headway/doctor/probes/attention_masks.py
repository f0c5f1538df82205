"""What attention is told to leave out, next to what is padding."""

import math
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)

from headway.doctor.calls import Call, Recorder
from headway.doctor.probes.features import tensors_in
from headway.doctor.probes.padded import padding_of
from headway.doctor.program import Program, call_model
from headway.measure.probe import evaluating

# Scores below it have a weight of 0: what masks write, up to the largest of half precision.
_OFF = -1e4
# Tokens that a network may put in front of a sequence or behind it.
_MOST_ADDED = 2
# Of all tokens and padding so few may be taken for the other.
_SLIPS = 0.2


@dataclass(frozen=True, kw_only=True)
class MaskFacts:
    """One call of attention that leaves positions out.

    Attributes:
        op: The function that got the mask or the masked scores.
        layer: Module in which it ran, "" for the model itself.
        tokens_hidden: Share of the tokens that no query sees, NaN without padding.
        padding_hidden: Share of the padding that no query sees, NaN without padding.
        blind: Share of the samples of which no query sees anything.
    """

    op: str
    layer: str
    tokens_hidden: float
    padding_hidden: float
    blind: float


def attention_masks(program: Program, inputs: Any) -> tuple[MaskFacts, ...]:
    """Call the model and look at what each attention leaves out of a batch."""
    given = tensors_in(inputs)
    if not given or not given[0].dim():
        return ()
    paddings = [
        padding
        for tensor in given
        for at_end in (True, False)
        if (padding := padding_of(tensor, at_end=at_end)) is not None
    ]
    return tuple(
        _facts(call, layer, hidden, paddings)
        for call, layer in _calls(program, inputs)
        if (hidden := _hidden(call, len(given[0]))) is not None
    )


def _calls(program: Program, inputs: Any) -> list[tuple[Call, str]]:
    """Return the calls of functions that may get a mask, and where they ran."""
    kept: list[tuple[Call, str]] = []
    stack: list[str] = []

    def keep(call: Call) -> None:
        if call.name in _MASKS and stack:
            kept.append((call, stack[-1]))

    # With gradients attention takes no shortcut around its masks.
    with (
        evaluating(program.model),
        torch.enable_grad(),
        _noting(program.model, stack),
        Recorder(keep),
    ):
        call_model(program.model, inputs)
    return kept


@contextmanager
def _noting(model: nn.Module, stack: list[str]) -> Generator[None]:
    """Keep the names of the modules that are running in `stack`."""
    names = {module: name for name, module in model.named_modules()}

    def enter(module: nn.Module, _: Any) -> None:
        if module in names:
            stack.append(names[module])

    def leave(module: nn.Module, _: Any, __: Any) -> None:
        if module in names and stack:
            stack.pop()

    entering = register_module_forward_pre_hook(enter)
    leaving = register_module_forward_hook(leave, always_call=True)
    try:
        yield
    finally:
        entering.remove()
        leaving.remove()


def _facts(call: Call, layer: str, hidden: Tensor, paddings: list[Tensor]) -> MaskFacts:
    shares = [share for padding in paddings for share in _shares(hidden, padding)]
    # What one input shows to be right is right, whatever another one looks like.
    right = [share for share in shares if share[0] <= _SLIPS and share[1] >= 1 - _SLIPS]
    tokens, padding = max(
        right or shares, key=lambda share: share[0] - share[1], default=(math.nan, math.nan)
    )
    return MaskFacts(
        op=call.name,
        layer=layer,
        tokens_hidden=tokens,
        padding_hidden=padding,
        blind=float(hidden.all(dim=1).double().mean()),
    )


def _shares(hidden: Tensor, padding: Tensor) -> list[tuple[float, float]]:
    """Return the shares of tokens and of padding that are hidden, for each way to align."""
    length = padding.shape[1]
    added = hidden.shape[1] - length
    if len(hidden) != len(padding) or not 0 <= added <= _MOST_ADDED:
        return []
    parts = [hidden[:, start : start + length] for start in {0, added}]
    return [
        (float(part[~padding].double().mean()), float(part[padding].double().mean()))
        for part in parts
    ]


def _hidden(call: Call, count: int) -> Tensor | None:
    """Return which keys of each sample no query sees, None where there is no mask."""
    hidden = _MASKS[call.name](call)
    if hidden is None or hidden.dim() < 2 or not bool(hidden.any()):
        return None
    if len(hidden) % count:
        return None
    return hidden.detach().reshape(count, -1, hidden.shape[-1]).all(dim=1)


def _of_module(call: Call) -> Tensor | None:
    """Return what `multi_head_attention_forward` is told not to see."""
    keys = _off(call.argument(14, "key_padding_mask"), is_keep=False)
    pairs = _off(call.argument(16, "attn_mask"), is_keep=False)
    if keys is None or pairs is None or pairs.dim() < 3:
        return keys if keys is not None else pairs
    heads = len(pairs) // len(keys)
    return pairs | keys.repeat_interleave(heads, dim=0).unsqueeze(1)


def _of_product(call: Call) -> Tensor | None:
    """Return what `scaled_dot_product_attention` is told not to see: True means to see."""
    query, key = call.argument(0, "query"), call.argument(1, "key")
    hidden = _off(call.argument(3, "attn_mask"), is_keep=True)
    if hidden is None:
        return None
    return hidden.expand(*query.shape[:-1], key.shape[-2])


def _of_scores(call: Call) -> Tensor | None:
    """Return which scores of a softmax are far below all others."""
    scores, dim = call.argument(0, "input"), call.argument(1, "dim")
    if not isinstance(scores, Tensor) or not isinstance(dim, int) or scores.dim() < 2:
        return None
    return _off(scores.movedim(dim, -1), is_keep=False)


def _off(mask: Any, *, is_keep: bool) -> Tensor | None:
    if not isinstance(mask, Tensor):
        return None
    if mask.dtype is torch.bool:
        return ~mask if is_keep else mask
    return mask < _OFF


_MASKS = {
    "multi_head_attention_forward": _of_module,
    "scaled_dot_product_attention": _of_product,
    "softmax": _of_scores,
}
