"""What is known about the sequences of a batch and the layers that read them."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from headway.doctor.probes.attention_masks import MaskFacts, attention_masks
from headway.doctor.probes.last_step import LastStep, last_step
from headway.doctor.probes.order_blind import is_order_blind
from headway.doctor.probes.reached_steps import unreached
from headway.doctor.probes.single_step import SingleStep, single_step
from headway.doctor.program import Program

# What a model raises that is called with a part of a batch, or in another order.
_REFUSALS = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError)


@dataclass(frozen=True, kw_only=True)
class SequenceFacts:
    """How a network reads sequences.

    Attributes:
        masks: What attention leaves out.
        unreached: Of layers that have vectors for each step, the shares of the tokens and of
            the padding that no gradient reaches.
        last_step: A recurrent layer that is read behind the padding, or None.
        ignores_order: Whether attention does not see the order of its inputs.
        single_step: The only step that is read, or None.
    """

    masks: tuple[MaskFacts, ...] = ()
    unreached: tuple[tuple[str, float, float], ...] = ()
    last_step: LastStep | None = None
    ignores_order: bool = False
    single_step: SingleStep | None = None


def sequence_facts(program: Program, inputs: Any) -> SequenceFacts:
    """Look at how a model reads some inputs; without facts where it refuses them."""
    with suppress(*_REFUSALS):
        return SequenceFacts(
            masks=attention_masks(program, inputs),
            unreached=tuple(unreached(program, inputs)),
            last_step=last_step(program, inputs),
            ignores_order=is_order_blind(program, inputs),
            single_step=single_step(program, inputs),
        )
    return SequenceFacts()
