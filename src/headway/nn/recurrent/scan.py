"""Runs one cell over the steps of a sequence."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from headway.nn.recurrent.cell import RecurrentCell, State
from headway.nn.recurrent.ugrnn import UGRNN
from headway.nn.recurrent.ugrnn_scan import scan_ugrnn

Steps = Sequence[Tensor]


def scan(
    cell: RecurrentCell,
    data: Float[Tensor, "*steps inputs"],
    state: State,
    *,
    batch_sizes: list[int] | None = None,
    reverse: bool = False,
    fused: bool = True,
) -> tuple[Float[Tensor, "*steps hidden"], State]:
    """Return the hidden state after every step, and the last state of every sequence.

    All inputs meet their weights in one product before the loop over the steps.

    Args:
        cell: What is repeated.
        data: Inputs of equally long sequences (shape: steps, batch, inputs), or those of a
            packed sequence, step after step (shape: all, inputs).
        state: State before the first step (shapes: batch, hidden).
        batch_sizes: Sequences that are still running at each step, or None where all are.
        reverse: Go from the last step to the first.
        fused: Use a loop with gradients of its own where the cell has one.
    """
    projected = cell.project(data)
    if fused and batch_sizes is None and isinstance(cell, UGRNN):
        return scan_ugrnn(projected, state, cell.recurrent_weights(projected)[0], reverse)
    steps = projected.unbind() if batch_sizes is None else projected.split(batch_sizes)
    run = _backwards if reverse else _forwards
    outputs, last = run(cell, steps, state, cell.recurrent_weights(projected))
    return torch.stack(outputs) if batch_sizes is None else torch.cat(outputs), last


def _forwards(
    cell: RecurrentCell, steps: Steps, state: State, weights: State
) -> tuple[list[Tensor], State]:
    outputs: list[Tensor] = []
    ended: list[State] = []
    for step in steps:
        if step.shape[0] < state[0].shape[0]:
            ended.append(tuple(part[step.shape[0] :] for part in state))
            state = tuple(part[: step.shape[0]] for part in state)
        state = cell.advance(step, state, weights)
        outputs.append(state[0])
    # The longest sequences come first, so those that ended last come next.
    return outputs, _joined([state, *reversed(ended)])


def _backwards(
    cell: RecurrentCell, steps: Steps, first: State, weights: State
) -> tuple[list[Tensor], State]:
    outputs: list[Tensor] = []
    state = tuple(part[: steps[-1].shape[0]] for part in first)
    for step in reversed(steps):
        running = state[0].shape[0]
        if step.shape[0] > running:
            begun = tuple(part[running : step.shape[0]] for part in first)
            state = _joined([state, begun])
        state = cell.advance(step, state, weights)
        outputs.append(state[0])
    outputs.reverse()
    return outputs, state


def _joined(states: Sequence[State]) -> State:
    if len(states) == 1:
        return states[0]
    return tuple(torch.cat(parts) for parts in zip(*states, strict=True))
