"""Let attention see something where a mask leaves nothing to see, which makes NaN."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from headway.doctor.finding import Cause
from headway.doctor.probes.attention_masks import attention_masks
from headway.doctor.program import Program
from headway.doctor.remedies.samples import a_batch
from headway.doctor.remedies.tracing import name_of
from headway.doctor.remedies.wrapping import Wrapper
from headway.errors import RemedyDoesNotFit

# Where a function has its masks, and whether True means to see.
_PLACES: dict[str, tuple[tuple[int, str, bool], ...]] = {
    "multi_head_attention_forward": (
        (14, "key_padding_mask", False),
        (16, "attn_mask", False),
    ),
    "scaled_dot_product_attention": ((3, "attn_mask", True),),
}


@dataclass(frozen=True)
class OpenBlindMasks:
    """Let attention see all positions of a sample whose mask would hide every one."""

    cause: ClassVar[Cause] = "numerics"

    def apply(self, program: Program) -> Program:
        """Return the program whose attention always has something to see."""
        if not attention_masks(program, a_batch(program)[0]):
            raise RemedyDoesNotFit("no attention of the model has a mask")
        return replace(program, model=_Seeing(program.model))

    def describe(self) -> str:
        """Return what changes."""
        return "Let attention see all positions of a sample that is hidden as a whole."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "is_empty = padding.all(dim=1, keepdim=True)  # a softmax of nothing is NaN\n"
            "padding = padding & ~is_empty"
        )


class _Seeing(Wrapper):
    """A model whose masks never hide everything."""

    def forward(self, *inputs: Any, **named: Any) -> Any:
        with _Opening():
            return self.model(*inputs, **named)


class _Opening(TorchFunctionMode):
    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        name, named = name_of(func), dict(kwargs or {})
        for place, key, is_keep in _PLACES.get(name, ()):
            if len(args) > place:
                opened = _opened(args[place], is_keep=is_keep)
                args = (*args[:place], opened, *args[place + 1 :])
            elif key in named:
                named[key] = _opened(named[key], is_keep=is_keep)
        if name == "softmax" and args and isinstance(args[0], Tensor):
            dim = named.get("dim", args[1] if len(args) > 1 else None)
            if isinstance(dim, int):
                args = (_with_scores(args[0], dim), *args[1:])
        return func(*args, **named)


def _opened(mask: Any, *, is_keep: bool) -> Any:
    """Return a mask without rows that hide everything."""
    if not isinstance(mask, Tensor):
        return mask
    if mask.dtype is not torch.bool:
        return _with_scores(mask, -1)
    is_blind = ~mask.any(-1, keepdim=True) if is_keep else mask.all(-1, keepdim=True)
    return mask | is_blind if is_keep else mask & ~is_blind


def _with_scores(scores: Tensor, dim: int) -> Tensor:
    """Return scores with zeros where all of a row are minus infinity."""
    is_blind = (scores == float("-inf")).all(dim, keepdim=True)
    return scores.masked_fill(is_blind, 0.0)
