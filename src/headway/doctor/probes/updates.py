"""What a few of a program's own updates did: wiring, modes, order, normalization."""

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Batch, Examples
from headway.doctor.notes import failed_note
from headway.doctor.probes.batch_order import OrderFacts, order_facts
from headway.doctor.probes.clipping import Clipping, clipping_of
from headway.doctor.probes.forward_trace import trace_evaluation, trace_update
from headway.doctor.probes.learned import looks_learned, same_for_all_seeds
from headway.doctor.probes.mode_facts import ModeFacts, first_samples, mode_facts
from headway.doctor.probes.norm_facts import NormFacts, NormWatch
from headway.doctor.probes.sample_mixing import SampleMixing, sample_mixing
from headway.doctor.probes.sensitivity import changes_loss
from headway.doctor.probes.sequence_facts import SequenceFacts, sequence_facts
from headway.doctor.probes.traced import DropoutCall, ForwardTrace
from headway.doctor.probes.update_facts import ParameterFacts, UpdateFacts
from headway.doctor.probes.update_watch import UpdateWatch
from headway.doctor.program import Program, call_model, seed_all
from headway.measure.probe import evaluating

T = TypeVar("T")

# A layer initialized to zero passes gradients on from its second update.
_UPDATES = 5
# Gradient accumulation steps once in so many updates at most.
_MOST_UPDATES = 64
# What a step leaves in the gradients shows in the next ones.
_STEPS_OF_GATHERED = 3
_SHARE = 0.12
_ORDER_SHARE = 0.03
# Enough samples to see what a mode changes.
_SAMPLES = 32
# Layers without a gradient that are tried one by one.
_TRIED = 12


@dataclass(frozen=True, kw_only=True)
class Updates:
    """The beginning of a program's own training, instrumented.

    Attributes:
        updates: Update by update.
        parameters: Of the model and of the optimizer.
        num_optimizers: How many optimizers stepped.
        is_own_optimizer_used: Whether the program's optimizer was one of them.
        is_memory_lost: Whether each of them kept something for a step that it never did.
        error: Type and first line of what an update raised, or None.
        backward_error: Which operation made a NaN in the gradient, and its line, or None.
        trace: The operations of the first update, or None where they could not be seen.
        eval_dropouts: Calls of dropout in evaluation mode.
        order: The order of the data, or None.
        modes: What the training flag changes, or None.
        mixing: What the other samples of a batch change, or None.
        sequences: How sequences are read.
        norms: Layers with batch statistics.
        clipping: What cuts the gradients, or None.
        learned: Parameters that are no initial values: loaded, or trained before.
        depends_on_seed: Whether another seed gives other weights, so that `learned` is known.
        cut_layers: Layers whose values change the loss, though no gradient reaches them.
    """

    updates: tuple[UpdateFacts, ...] = ()
    parameters: tuple[ParameterFacts, ...] = ()
    num_optimizers: int = 0
    is_own_optimizer_used: bool = False
    is_memory_lost: bool = False
    error: str | None = None
    backward_error: str | None = None
    trace: ForwardTrace | None = None
    eval_dropouts: tuple[DropoutCall, ...] = ()
    order: OrderFacts | None = None
    modes: ModeFacts | None = None
    mixing: SampleMixing | None = None
    sequences: SequenceFacts = field(default_factory=SequenceFacts)
    norms: tuple[NormFacts, ...] = ()
    clipping: Clipping | None = None
    learned: frozenset[str] = field(default_factory=frozenset[str])
    depends_on_seed: bool = False
    cut_layers: tuple[str, ...] = ()

    def is_learned(self, name: str) -> bool:
        """Whether a parameter, or one beside it in the same part, is no initial value."""
        part = name.partition(".")[0]
        return any(
            other == name or other.partition(".")[0] == part for other in self.learned
        )

    @property
    def is_misordered(self) -> bool:
        """Whether gradients are dropped, used twice, or never used."""
        is_lost = any(p.lost for p in self.parameters)
        is_idle = any(update.idle_steps for update in self.updates)
        return is_lost or is_idle or not self.steps

    @property
    def steps(self) -> int:
        """Optimizer steps in all updates."""
        return sum(update.optimizer_steps for update in self.updates)


def probe_updates(evidence: Evidence, budget: Budget) -> Updates:
    """Watch a few updates of a fresh program, and what its parts do around them."""
    program, facts = _watched(evidence, budget.part(_SHARE))
    if facts.error is not None and not facts.updates:
        # Hooks do not fit into everything, such as compiled modules.
        program, facts = _watched_from_outside(evidence, budget.part(_SHARE))
    other, spare = _fresh(evidence, 1), _fresh(evidence)
    batch = next(other.train.batches())
    some = first_samples(batch[0], _SAMPLES)
    facts = replace(facts, **_learned(evidence.program, other))
    attempt = _Attempts(evidence)
    facts = replace(
        facts,
        cut_layers=attempt(lambda: _cut_layers(program, facts.parameters, batch)) or (),
        trace=attempt(lambda: trace_update(other, *batch)),
        eval_dropouts=attempt(lambda: trace_evaluation(spare, some)) or (),
        mixing=attempt(lambda: sample_mixing(spare)),
        sequences=sequence_facts(spare, some),
        modes=attempt(lambda: mode_facts(spare, some)),
        clipping=attempt(lambda: clipping_of(_fresh(evidence), budget.part(_ORDER_SHARE))),
        order=attempt(lambda: _order(spare, evidence, budget.part(_ORDER_SHARE))),
    )
    if any(p.nonfinite for p in facts.parameters):
        return replace(facts, backward_error=_backward_error(evidence.make(0)))
    return facts


@dataclass(frozen=True)
class _Attempts:
    """Measures a part, or leaves a note: a foreign program may refuse anything."""

    evidence: Evidence

    def __call__(self, measure: Callable[[], T]) -> T | None:
        try:
            return measure()
        except Exception as error:
            reason = self.evidence.why(error)
            self.evidence.notes.append(failed_note("a part of the updates", reason))
            return None


def _watched(evidence: Evidence, seconds: float) -> tuple[Program, Updates]:
    """Watch the updates of a fresh program, and return it too."""
    program = _fresh(evidence)
    try:
        watch, norms = UpdateWatch(program), NormWatch(program)
        with watch.on(), norms:
            return program, _facts(watch, norms.facts, _go(watch, seconds))
    except RuntimeError:
        # A scripted module takes no hooks.
        return _watched_from_outside(evidence, seconds)


def _watched_from_outside(evidence: Evidence, seconds: float) -> tuple[Program, Updates]:
    program = _fresh(evidence)
    watch = UpdateWatch(program)
    with watch.on(sees_modules=False):
        return program, _facts(watch, tuple, _go(watch, seconds))


def _go(watch: UpdateWatch, seconds: float) -> str | None:
    """Do updates, and return the error that ended them."""
    program = watch.program
    seed_all(program.seed)
    begun = time.perf_counter()
    try:
        for inputs, targets in _endless(program.train):
            watch.update(inputs, targets)
            is_late = time.perf_counter() - begun > seconds
            if is_late or len(watch.updates) >= _limit(watch):
                break
    except Exception as raised:
        first_line = str(raised).partition("\n")[0]
        return f"{type(raised).__name__}: {first_line}"
    return None


def _facts(
    watch: UpdateWatch, norms: Callable[[], tuple[NormFacts, ...]], error: str | None
) -> Updates:
    return Updates(
        updates=tuple(watch.updates),
        parameters=watch.parameters(),
        num_optimizers=len(watch.optimizers),
        is_own_optimizer_used=id(watch.program.optimizer) in watch.optimizers,
        is_memory_lost=watch.forgets,
        error=error,
        norms=norms(),
    )


def _fresh(evidence: Evidence, seed: int = 0) -> Program:
    """Return a new program whose parameters all have values."""
    program = evidence.make(seed)
    if any(is_lazy(parameter) for parameter in program.model.parameters()):
        with evaluating(program.model):
            call_model(program.model, next(program.train.batches())[0])
    return program


def _limit(watch: UpdateWatch) -> int:
    """Return how many updates to watch: more where gradients are still being gathered."""
    steps = sum(update.optimizer_steps for update in watch.updates)
    is_seen = steps >= _STEPS_OF_GATHERED or not watch.is_gathering
    return _UPDATES if is_seen else _MOST_UPDATES


def _endless(examples: Examples) -> Iterator[Batch]:
    while True:
        is_empty = True
        for batch in examples.batches():
            is_empty = False
            yield batch
        if is_empty:
            raise ValueError("the training data gave no batch")


def _order(program: Program, evidence: Evidence, seconds: float) -> OrderFacts:
    seed_all(program.seed)
    whole = evidence.program.train
    return order_facts(program.train, evidence.task, seconds, whole=whole)


def _learned(first: Program, second: Program) -> dict[str, Any]:
    same = same_for_all_seeds(first.model, second.model)
    weights = first.model.named_parameters()
    structured = {name for name, weight in weights if looks_learned(weight)}
    return {
        "learned": frozenset(structured | (same or frozenset[str]())),
        "depends_on_seed": same is not None,
    }


def _cut_layers(
    program: Program, parameters: tuple[ParameterFacts, ...], batch: Batch
) -> tuple[str, ...]:
    """Return the layers without a gradient whose values nevertheless change the loss."""
    named = dict(program.model.named_parameters())
    groups: dict[str, list[nn.Parameter]] = {}
    for facts in parameters:
        is_without = facts.requires_grad and not facts.nonzero and not facts.has_moved
        if facts.layer is not None and is_without and facts.name in named:
            groups.setdefault(facts.layer, []).append(named[facts.name])
    layers = list(groups)[:_TRIED]
    if not layers:
        return ()
    changed = changes_loss(program, batch, [groups[layer] for layer in layers])
    return tuple(layer for layer, is_so in zip(layers, changed, strict=True) if is_so)


def _backward_error(program: Program) -> str | None:
    """Repeat the updates with torch's anomaly mode, which names what makes a NaN."""
    seed_all(program.seed)
    anomalies = torch.autograd.set_detect_anomaly(True)
    with warnings.catch_warnings(record=True) as caught, anomalies:
        warnings.simplefilter("always")
        try:
            for (inputs, targets), _ in zip(
                program.train.batches(), range(_UPDATES), strict=False
            ):
                program.update(inputs, targets)
        except RuntimeError as error:
            text = str(error)
            if "nan" not in text:
                return None
            operation = text.split("'")[1] if "'" in text else text
            return f"{operation}{_forward_line([str(w.message) for w in caught])}"
    return None


def _forward_line(messages: list[str]) -> str:
    """Return the line of the forward pass that anomaly mode blames, in brackets."""
    for message in messages:
        lines = [line.strip() for line in message.splitlines() if line.strip()]
        if "Traceback of forward call" in message:
            foreign = [
                number
                for number, line in enumerate(lines[:-1])
                if line.startswith("File ") and "/torch/" not in line
            ]
            if foreign:
                return f" ({lines[foreign[-1] + 1]})"
    return ""
