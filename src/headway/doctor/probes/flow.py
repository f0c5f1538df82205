"""How signal and gradient flow through the network of a program."""

import math
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import take
from headway.doctor.probes.bypassed import bypassed
from headway.doctor.program import (
    Program,
    call_model,
    first_tensor,
    main_output,
    num_in,
    seed_all,
)
from headway.doctor.rows import row_counts
from headway.measure.activation_functions import SOFTMAXES
from headway.measure.layer_numbers import LayerNumbers
from headway.measure.layers import record_layers
from headway.measure.probe import evaluating
from headway.measure.untouched import untouched

# As many samples tell a dead unit from one that is seldom active.
_SAMPLES = 512
# Share of the budget that a second, larger batch may take.
_SHARE = 0.05
_SPEEDUP = 4.0
# Samples that show what is connected with what.
_FEW = 16


@dataclass(frozen=True, kw_only=True)
class FlowFacts:
    """Numbers of every layer for one batch, in the program's own mode and way.

    Attributes:
        layers: In forward order, each call on its own.
        num_samples: Samples of the batch.
        input_rms: Root of the mean square of the inputs; NaN for whole numbers.
        curvature: How far the network is from an affine map of its inputs: the distance of
            its answer to the mean of two inputs from the mean of its two answers, over the
            spread of answers. Softmax and sigmoid at the end are undone. NaN where unknown.
        bypassed: Layers of a unit or two that something else passes beside.
    """

    layers: tuple[LayerNumbers, ...]
    num_samples: int
    input_rms: float = math.nan
    curvature: float = math.nan
    bypassed: frozenset[str] = frozenset()

    @cached_property
    def weighted(self) -> tuple[LayerNumbers, ...]:
        """The first call of each linear or convolutional layer."""
        return tuple(x for x in self.layers if x.has_weight and x.call == 0)

    @property
    def head(self) -> LayerNumbers | None:
        """The last of them, which gives the answer."""
        return self.weighted[-1] if self.weighted else None

    @cached_property
    def hidden(self) -> tuple[LayerNumbers, ...]:
        """The layers from the first with a weight to the last, without that one."""
        places = [n for n, layer in enumerate(self.layers) if layer.has_weight]
        if not places:
            return ()
        return self.layers[places[0] : places[-1]]

    @cached_property
    def hidden_weighted(self) -> tuple[LayerNumbers, ...]:
        """Linear and convolutional layers before the last one."""
        return self.weighted[:-1]

    @cached_property
    def hidden_activations(self) -> tuple[LayerNumbers, ...]:
        """Activation functions before the last layer with a weight, softmaxes among them."""
        return tuple(layer for layer in self.hidden if layer.kind == "activation")

    @property
    def has_only(self) -> frozenset[str]:
        """Kinds of the layers between the first and the last weight."""
        return frozenset(layer.kind for layer in self.hidden)

    def named(self, name: str) -> LayerNumbers | None:
        """Return the first call of a layer."""
        return next((layer for layer in self.layers if layer.name == name), None)


def probe_flow(evidence: Evidence, budget: Budget) -> FlowFacts:
    """Measure the layers of the untrained network."""
    return measure_flow(evidence.make(evidence.program.seed), budget)


def probe_late_flow(evidence: Evidence, budget: Budget) -> FlowFacts | None:
    """Measure the layers of the network after its own training, None where there was none."""
    if evidence.course is None:
        return None
    return measure_flow(evidence.course.program, budget)


def measure_flow(program: Program, budget: Budget) -> FlowFacts:
    """Measure the layers of a program as it is, and leave it so.

    One of its own batches tells how long that takes; if there is time, several of them are
    put together.
    """
    seed_all(program.seed)
    inputs, targets = next(iter(program.train.batches()))
    begun = time.perf_counter()
    layers = _layers(program, inputs, targets)
    seconds = time.perf_counter() - begun
    # Most of a small batch's time is spent per layer, not per sample.
    affordable = int(_SPEEDUP * num_in(inputs) * budget.part(_SHARE) / seconds)
    if min(affordable, _SAMPLES) > num_in(inputs):
        larger = _larger_batch(program, min(affordable, _SAMPLES))
        if larger is not None:
            inputs, targets = larger
            layers = _layers(program, inputs, targets)
    return FlowFacts(
        layers=layers,
        num_samples=num_in(inputs),
        input_rms=_input_rms(inputs),
        curvature=_curvature(program, inputs, layers),
        bypassed=bypassed(program, _first(inputs)),
    )


def _first(inputs: Any) -> Any:
    if len(row_counts(inputs)) > 1:
        return inputs
    try:
        return take(inputs, torch.arange(min(_FEW, num_in(inputs))))
    except (TypeError, AttributeError, IndexError):
        return inputs  # no tensors


def _larger_batch(program: Program, count: int) -> Any:
    try:
        return program.train.some(count)
    except (TypeError, RuntimeError, ValueError):
        return None  # an iterable of batches, or samples of several shapes


def _layers(program: Program, inputs: Any, targets: Any) -> tuple[LayerNumbers, ...]:
    """Run one update of the program that changes nothing."""
    with (
        untouched(program.model),
        _still(program.optimizer),
        record_layers(program.model) as record,
    ):
        seed_all(program.seed)
        program.update(inputs, targets)
        return record.layers


@contextmanager
def _still(optimizer: Optimizer) -> Generator[None]:
    """Let `optimizer.step` do nothing but call its closure."""
    own = vars(optimizer).get("step")

    def step(closure: Callable[[], Any] | None = None, *_: Any, **__: Any) -> Any:
        return None if closure is None else closure()

    optimizer.step = step
    try:
        yield
    finally:
        del optimizer.step
        if own is not None:
            optimizer.step = own


def _input_rms(inputs: Any) -> float:
    tensor = first_tensor(inputs)
    if not tensor.is_floating_point():
        return math.nan
    return float(tensor.double().square().mean().sqrt())


def _curvature(program: Program, inputs: Any, layers: tuple[LayerNumbers, ...]) -> float:
    if not isinstance(inputs, Tensor) or not inputs.is_floating_point():
        return math.nan
    half = min(len(inputs) // 2, 64)
    if half < 2:
        return math.nan
    first, second = inputs[:half], inputs[half : 2 * half]
    try:
        with evaluating(program.model):
            answers = [
                _before_last(layers, main_output(call_model(program.model, batch)).double())
                for batch in (first, second, (first + second) / 2)
            ]
    except (RuntimeError, ValueError, TypeError, IndexError):
        return math.nan
    if answers[0].shape != answers[2].shape or not answers[0].is_floating_point():
        return math.nan
    spread = torch.cat(answers[:2]).std(dim=0).square().mean().sqrt()
    apart = (answers[2] - (answers[0] + answers[1]) / 2).square().mean().sqrt()
    return float(apart / spread)


def _before_last(layers: tuple[LayerNumbers, ...], output: Tensor) -> Tensor:
    """Undo the activation function that comes after the last weight."""
    function = layers[-1].function if layers else ""
    if function in SOFTMAXES:
        logs = output if function == "log_softmax" else output.clamp(min=1e-30).log()
        return logs - logs.mean(dim=-1, keepdim=True)
    if function == "sigmoid":
        return torch.logit(output, eps=1e-7)
    if function == "tanh":
        return torch.atanh(output.clamp(-1 + 1e-7, 1 - 1e-7))
    return output
