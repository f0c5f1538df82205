"""Turn the masks of attention round that hide the tokens and show the padding."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from headway.doctor.finding import Cause
from headway.doctor.probes.attention_masks import MaskFacts, attention_masks
from headway.doctor.program import Program
from headway.doctor.remedies.samples import a_batch
from headway.doctor.remedies.tracing import name_of
from headway.doctor.remedies.wrapping import Wrapper
from headway.errors import RemedyDoesNotFit

# What masks add to a score, or write in its place, so that its weight is 0.
_OFF = -1e4
# Where a function has its mask.
_PLACES = {
    "multi_head_attention_forward": (14, "key_padding_mask"),
    "scaled_dot_product_attention": (3, "attn_mask"),
    "masked_fill": (1, "mask"),
    "where": (0, "condition"),
}
# Share of the samples of which nothing may be seen: rarely a sequence is empty.
_BLIND = 0.5


@dataclass(frozen=True)
class InvertMask:
    """Invert the masks of attention that differ from sample to sample.

    Those of all samples alike, such as one that hides the future, stay.
    """

    cause: ClassVar[Cause] = "gradient_wiring"

    def apply(self, program: Program) -> Program:
        """Return the program whose attention sees what it was told to leave out."""
        inputs, _ = a_batch(program)
        wrong = {m.op for m in attention_masks(program, inputs) if _is_wrong(m)}
        if not wrong:
            raise RemedyDoesNotFit("no mask hides the tokens and shows the padding")
        # A softmax is told only the scores, in which the mask has been filled before.
        names = wrong - {"softmax"} or {"masked_fill", "where"}
        changed = replace(program, model=_Inverted(program.model, frozenset(names)))
        if any(map(_is_wrong, attention_masks(changed, inputs))):
            raise RemedyDoesNotFit("the inverted mask is no better")
        return changed

    def describe(self) -> str:
        """Return what changes."""
        return "Invert the mask of the attention."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "is_padding = x == PADDING\n"
            "mask = is_padding  # key_padding_mask and masked_fill: True is left out\n"
            "attn_mask = ~is_padding  # scaled_dot_product_attention: True is seen"
        )


class _Inverted(Wrapper):
    """A model whose masks mean the opposite in the functions of these names."""

    def __init__(self, model: nn.Module, names: frozenset[str]) -> None:
        super().__init__(model)
        self.names = names

    def forward(self, *inputs: Any, **named: Any) -> Any:
        with _Inverting(self.names):
            return self.model(*inputs, **named)


class _Inverting(TorchFunctionMode):
    def __init__(self, names: frozenset[str]) -> None:
        super().__init__()
        self._names = names

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        name, named = name_of(func), dict(kwargs or {})
        if name in self._names and _is_of_attention(name, args, named):
            place, key = _PLACES[name]
            if len(args) > place:
                args = (*args[:place], _opposite(args[place]), *args[place + 1 :])
            elif key in named:
                named[key] = _opposite(named[key])
        return func(*args, **named)


def _is_of_attention(name: str, args: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Whether a call that fills in values fills in such as make a weight 0."""
    if name not in ("masked_fill", "where"):
        return True
    values = [*args[1:], *named.values()]
    return any(_is_off(value) for value in values)


def _is_off(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.numel() == 1 and float(value) < _OFF
    return isinstance(value, (int, float)) and value < _OFF


def _opposite(mask: Any) -> Any:
    """Return the opposite of a mask that is not the same for all samples."""
    if not isinstance(mask, Tensor) or len(mask) < 2 or bool((mask == mask[:1]).all()):
        return mask
    if mask.dtype is torch.bool:
        return ~mask
    hidden = mask < _OFF
    return torch.zeros_like(mask).masked_fill(~hidden, float("-inf"))


def _is_wrong(mask: MaskFacts) -> bool:
    is_opposite = mask.tokens_hidden > mask.padding_hidden
    return is_opposite or mask.blind >= _BLIND
