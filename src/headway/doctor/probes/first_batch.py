"""One update before training: what the model returns, what the loss gets and what it says."""

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from headway.doctor.answer import answer_alone, answer_name
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Batch
from headway.doctor.probes.baselines import gather
from headway.doctor.probes.copied import Copied, copied
from headway.doctor.probes.ignored import share_ignored_but_counted
from headway.doctor.probes.loss_records import (
    Accident,
    Danger,
    Entry,
    Head,
    Meeting,
    NormCall,
    Reshape,
    SeenLoss,
)
from headway.doctor.probes.loss_trace import LossTracer
from headway.doctor.probes.metric_facts import MetricFacts
from headway.doctor.probes.numbered import Numbered, numbered
from headway.doctor.probes.own_targets import own_targets
from headway.doctor.probes.penalty import Penalty, penalty_of
from headway.doctor.probes.penalty_terms import PenaltyTerms, penalty_terms
from headway.doctor.probes.plain_answers import LossFacts, answer_losses, loss_facts
from headway.doctor.probes.strays import Strays, find_strays
from headway.doctor.probes.target_use import reads_targets
from headway.doctor.probes.telling_batch import told_by_metric
from headway.doctor.program import Program, call_model, first_tensor, main_output, seed_all

# Samples that are looked at, by the entries of one: wide ones cost more.
_SAMPLES = ((1_000, 256), (20_000, 64), (math.inf, 16))


@dataclass(frozen=True, kw_only=True)
class OutputFacts:
    """What the numbers are like that the untrained model returns.

    Attributes:
        shape: Of the main output.
        low: Smallest of all.
        high: Largest of all.
        mean_abs: Mean absolute value.
        is_finite: Whether all are finite.
        is_distribution: Whether each row along the classes is >= 0 and sums to 1.
        is_log_distribution: Whether the exponentials of each row sum to 1.
        zero_fraction: How many are exactly 0.
        spread: Standard deviation over the samples, mean over the outputs.
    """

    shape: tuple[int, ...]
    low: float
    high: float
    mean_abs: float
    is_finite: bool
    is_distribution: bool
    is_log_distribution: bool
    zero_fraction: float
    spread: float


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstBatch:
    """What was seen of one update of the program, made from seed 0.

    Attributes:
        samples: How many samples it had.
        loss: The program's own loss of it, NaN where there is none.
        error: What was raised, as "Type: message", or "".
        output: Facts about the main output, or None where the model returned none.
        target: The targets, or the first tensor of them.
        targets_dtype: Their type, such as "float32".
        head: The function that made the main output.
        entries: Where inputs meet the first weights.
        losses: Calls of torch's losses.
        meetings: Operations of outputs with targets of another shape.
        accidents: Rows and columns of samples that met in the loss or the step.
        dangers: Operations that can leave the numbers that a computer has.
        norms: Norms within each sample that the model calls.
        reshapes: Views in the model that exchange axes without moving their numbers.
        has_own_step: Whether the program has an update of its own.
        facts: What the loss says about answers that are made up; None where it cannot be asked.
        strays: Whether the loss compares outputs with the targets of others.
        metric: What the program's own metric says of them; None where it has no function.
        penalty: What the program's own step adds to its loss; None where it adds nothing.
        penalty_terms: What the loss adds that knows no targets; None where it adds nothing.
        reads_targets: Whether other targets make another update.
        numbered: Targets that number kinds, under a distance; None where they do not.
        ignored: Share of targets whose class the loss ignores and the metric counts.
        copied: What is known of targets that are the inputs' ids; None where they are not.
    """

    samples: int = 0
    loss: float = math.nan
    error: str = ""
    output: OutputFacts | None = None
    target: Tensor | None = None
    targets_dtype: str = ""
    head: Head | None = None
    entries: tuple[Entry, ...] = ()
    losses: tuple[SeenLoss, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    accidents: tuple[Accident, ...] = ()
    dangers: tuple[Danger, ...] = ()
    norms: tuple[NormCall, ...] = ()
    reshapes: tuple[Reshape, ...] = ()
    has_own_step: bool = False
    facts: LossFacts | None = None
    strays: Strays = field(default_factory=Strays)
    metric: MetricFacts | None = None
    penalty: Penalty | None = None
    penalty_terms: PenaltyTerms | None = None
    reads_targets: bool = True
    numbered: Numbered | None = None
    ignored: float = 0.0
    copied: Copied | None = None

    @property
    def targets_shape(self) -> tuple[int, ...]:
        """Shape of the targets."""
        return () if self.target is None else tuple(self.target.shape)

    def loss_named(self, *names: str, of_main: bool = False) -> SeenLoss | None:
        """Return the first call of one of these losses that got what the model returned.

        Args:
            names: In torch.nn.functional.
            of_main: Whether it must have got the main output, which the task is about.
        """
        for seen in self.losses:
            is_meant = seen.is_of_main if of_main else seen.is_of_output
            if seen.name in names and is_meant:
                return seen
        return None


def probe_first_batch(evidence: Evidence, budget: Budget) -> FirstBatch:
    """Do one update of a fresh program with some of its training data and watch it."""
    program = evidence.make(0)
    inputs, targets = _wide_batch(program)
    outputs = _outputs(program, inputs)
    name = None if outputs is None else answer_name(program.loss_fn, outputs, targets)
    seed_all(program.seed)
    tracer = LossTracer(program, inputs, targets, name)
    loss, error = math.nan, ""
    with _uncompiled(program), tracer.on():
        try:
            loss = float(torch.as_tensor(program.update(inputs, targets)).detach().mean())
        except Exception as raised:
            error = f"{type(raised).__name__}: {str(raised).partition(chr(10))[0]}"
    trace = tracer.trace
    target = first_tensor(targets)
    first = FirstBatch(
        samples=len(target),
        loss=loss,
        error=error,
        target=target.detach(),
        targets_dtype=str(target.dtype).removeprefix("torch."),
        head=trace.head,
        entries=tuple(trace.entries),
        losses=tuple(trace.losses),
        meetings=tuple(trace.meetings),
        accidents=tuple(trace.accidents),
        dangers=tuple(trace.dangers),
        norms=tuple(trace.norms),
        reshapes=tuple(trace.reshapes),
        has_own_step=program.step is not None,
        penalty=_penalty(evidence, (inputs, targets)),
        penalty_terms=_penalty_terms(evidence),
    )
    if outputs is None:
        return first
    alone, answer = answer_alone(program, outputs, targets)
    return replace(
        first,
        output=output_facts(main_output(answer), evidence.task.axis),
        facts=None if first.has_own_step else _loss_facts(evidence, alone, answer, targets),
        strays=Strays()
        if first.has_own_step
        else find_strays(program.loss_fn, outputs, targets, evidence.task),
        metric=told_by_metric(evidence, program, outputs, targets),
        reads_targets=bool(error)
        or _reads_targets(evidence, program, outputs, (inputs, targets)),
        numbered=_numbered(evidence, alone, answer, (inputs, targets)),
        ignored=share_ignored_but_counted(alone, answer, targets, evidence.task),
        copied=copied(alone, inputs, answer, targets, evidence.task),
    )


def output_facts(output: Tensor, axis: int = -1) -> OutputFacts:
    """Return the facts about outputs whose classes lie along `axis`."""
    values = output.detach().float()
    is_wide = values.dim() > 1 and values.shape[axis] > 1
    sums = values.sum(dim=axis) if is_wide else torch.zeros(1)
    log_sums = values.logsumexp(dim=axis) if is_wide else torch.ones(1)
    is_finite = bool(values.isfinite().all())
    return OutputFacts(
        shape=tuple(values.shape),
        low=float(values.min()),
        high=float(values.max()),
        mean_abs=float(values.abs().mean()),
        is_finite=is_finite,
        is_distribution=is_wide
        and bool((values >= 0).all())
        and bool(((sums - 1).abs() < 1e-3).all()),
        is_log_distribution=is_wide
        and bool((values <= 1e-6).all())
        and bool((log_sums.abs() < 1e-3).all()),
        zero_fraction=float((values == 0).float().mean()),
        spread=float(values.std(dim=0).mean()) if values.dim() and len(values) > 1 else 0.0,
    )


def _loss_facts(
    evidence: Evidence, program: Program, outputs: Any, targets: Any
) -> LossFacts:
    """Ask the loss about answers to what the main output is for."""
    facts = loss_facts(program.loss_fn, outputs, targets, evidence.task)
    own = None if facts.right else own_targets(program, outputs, targets)
    if own is None:
        return facts
    asked = answer_losses(program.loss_fn, outputs, targets, (own.targets, own.task))
    return replace(facts, right=asked[0], wrong=asked[1])


def _penalty(evidence: Evidence, batch: Batch) -> Penalty | None:
    """Return what a step of the program's own adds to the loss, or None where it raises."""
    if evidence.program.step is None:
        return None
    try:
        return penalty_of(evidence.make(0), evidence.make(0), batch)
    except Exception:
        return None


def _penalty_terms(evidence: Evidence) -> PenaltyTerms | None:
    """Return the terms that know no targets, None where they cannot be measured."""
    try:
        with _uncompiled(evidence.program):
            return penalty_terms(evidence)
    except Exception:
        return None


def _reads_targets(
    evidence: Evidence, program: Program, outputs: Any, batch: Batch
) -> bool:
    """Return whether targets matter to an update, which they do as far as is known."""
    try:
        with _uncompiled(evidence.program):
            return reads_targets(evidence, program, outputs, batch)
    except Exception:
        return True


def _numbered(
    evidence: Evidence, program: Program, outputs: Any, batch: Batch
) -> Numbered | None:
    """Return what is known of targets that number kinds, None where they do not."""
    if evidence.task.targets_equal_inputs:
        return None
    try:
        return numbered(program, batch[0], outputs, batch[1])
    except Exception:
        return None


def _wide_batch(program: Program) -> Any:
    inputs, targets = gather(program.train, 2)
    entries = first_tensor(inputs)[0].numel()
    count = next(samples for most, samples in _SAMPLES if entries <= most)
    del targets
    return gather(program.train, count)


def _outputs(program: Program, inputs: Any) -> Any:
    """Return what the untouched model says, in its own mode, or None where it raises."""
    try:
        with torch.no_grad(), _uncompiled(program):
            return call_model(program.model, inputs)
    except Exception:
        return None


def _uncompiled(program: Program) -> AbstractContextManager[Any]:
    """Return a context in which compiled modules run as they were written."""
    is_compiled = any(hasattr(module, "_orig_mod") for module in program.model.modules())
    # The switch loads the compiler, which takes seconds.
    return torch.compiler.set_stance("force_eager") if is_compiled else nullcontext()
