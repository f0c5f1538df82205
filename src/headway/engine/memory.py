"""Memory modes: what is kept for the backward pass and what is computed again."""

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from typing import Any, Literal

from torch import nn
from torch.utils.checkpoint import checkpoint

from headway.nn import ReversibleSequence, statistics_kept

MemoryMode = Literal["store", "checkpoint", "sqrt"]


def apply_memory_mode(model: nn.Module, mode: MemoryMode) -> int:
    """Make `model` recompute activations as `mode` says; return the number of segments.

    The units are the residual blocks of a stage: the children of every `nn.Sequential` that
    holds modules with layers of their own and is not inside another unit. Only the inputs of
    a segment are kept; its inside is computed again in the backward pass, with the same
    dropout masks and without touching batch-norm statistics a second time, so training is
    unchanged. Reversible blocks keep nothing anyway and stay as they are; a network that is
    made of them alone leaves nothing for a mode to do, which is said in a warning.

    Reference:
        Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016. arXiv:1604.06174.
    """
    if mode == "store":
        return 0
    stacks = [stack for stack in block_stacks(model) if len(stack) > 1]
    if not stacks and _is_reversible(model):
        warnings.warn(
            f"training.memory={mode} is ignored: the blocks of this network are reversible and "
            "keep no activations as it is",
            stacklevel=2,
        )
    num_units = sum(len(stack) for stack in stacks)
    length = 1 if mode == "checkpoint" else max(1, math.isqrt(num_units))
    for stack in stacks:
        stack.forward = partial(_run_in_segments, stack, length)  # pyright: ignore
    return sum(len(_segments(stack, length)) for stack in stacks)


def compile_blocks(model: nn.Module) -> None:
    """Compile each block of a deep network on its own, or a shallow network as a whole.

    Blocks of one shape share their compiled code, so the time to compile does not grow with
    depth.
    """
    blocks = [unit for stack in block_stacks(model) for unit in stack]
    for module in blocks if len(blocks) > 2 else [model]:
        module.compile()


def block_stacks(module: nn.Module) -> Iterator[nn.Sequential]:
    """Yield the sequential containers of blocks: modules with layers of their own."""
    if isinstance(module, ReversibleSequence):
        return
    if isinstance(module, nn.Sequential) and not _holds_stacks(module):
        if any(True for unit in module for _ in unit.children()):
            yield module
        return
    for child in module.children():
        yield from block_stacks(child)


def _holds_stacks(stack: nn.Sequential) -> bool:
    return any(isinstance(child, nn.Sequential | ReversibleSequence) for child in stack)


def _is_reversible(model: nn.Module) -> bool:
    return any(isinstance(module, ReversibleSequence) for module in model.modules())


def _run_in_segments(stack: nn.Sequential, length: int, x: Any) -> Any:
    if not stack.training:
        return _run(list(stack), x)
    for segment in _segments(stack, length):
        contexts = partial(_contexts, segment)
        run: Callable[..., Any] = partial(_run, segment)
        x = checkpoint(run, x, use_reentrant=False, context_fn=contexts)
    return x


def _segments(stack: nn.Sequential, length: int) -> list[list[nn.Module]]:
    """Cut a stack into runs of `length` units, and of more where a unit works in place.

    A unit that overwrites its input must not begin a segment, whose input is kept.
    """
    segments: list[list[nn.Module]] = []
    for unit in stack:
        if segments and (len(segments[-1]) < length or getattr(unit, "inplace", False)):
            segments[-1].append(unit)
        else:
            segments.append([unit])
    return segments


def _run(units: list[nn.Module], x: Any) -> Any:
    for unit in units:
        x = unit(x)
    return x


def _contexts(units: list[nn.Module]) -> tuple[Any, Any]:
    """Return the contexts of the first and of the repeated computation."""
    return nullcontext(), statistics_kept(units)
