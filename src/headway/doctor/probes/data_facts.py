"""What the data is like: numbers that are none, copies, classes, and what inputs tell."""

import math
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Examples
from headway.doctor.probes.baselines import gather
from headway.doctor.probes.features import tensors_in
from headway.doctor.probes.flipped import flipped_alone
from headway.doctor.probes.neighbors import known, tells
from headway.doctor.probes.reads import Reads, reads_of
from headway.doctor.probes.row_keys import conflicts, row_keys
from headway.doctor.probes.viewed import viewed_classes
from headway.doctor.program import Program, first_tensor, is_listed, num_in
from headway.doctor.rows import is_by_sample
from headway.doctor.task import TaskFacts, class_ids

# Samples that are read at most, and for how long where a data set makes them one by one.
_MOST_READ = 20_000
_MOST_ENTRIES = 50_000_000
_READ_SECONDS = 1.0
# Fewer samples have no order to speak of.
_LEAST_ORDERED = 20
# Two parts of data that repeats by nature share about as many samples as repeat within one.
_ALIKE = 1.5
# What a data set of a user may raise where samples are asked for by number.
_CANNOT = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError)


@dataclass(frozen=True, kw_only=True)
class InputFacts:
    """What one tensor of the inputs, or the targets, is like.

    Attributes:
        shape: Of one sample.
        is_floating_point: Whether it has values and not ids.
        low: Smallest finite number.
        high: Largest finite number.
        mean: Of all finite numbers.
        std: Of all finite numbers.
        nan_fraction: Entries that are no number.
        inf_fraction: Entries that are infinite.
        constant_fraction: Features that are the same in all samples.
        zero_fraction: Entries that are exactly 0.
        distinct: Different numbers among some thousand entries.
    """

    shape: tuple[int, ...]
    is_floating_point: bool
    low: float
    high: float
    mean: float
    std: float
    nan_fraction: float = 0.0
    inf_fraction: float = 0.0
    constant_fraction: float = 0.0
    zero_fraction: float = 0.0
    distinct: int = 0

    @property
    def bad_fraction(self) -> float:
        """Entries that are no finite number."""
        return self.nan_fraction + self.inf_fraction


@dataclass(frozen=True, kw_only=True)
class DataFacts:
    """Facts about inputs and targets of the training and the validation data.

    Attributes:
        samples: Training samples that were read.
        inputs: Facts of each tensor of the inputs.
        targets: Facts of the targets.
        class_counts: How often each id occurs in the training data.
        val_class_counts: Likewise in the validation data.
        label_shares: Of several labels at once, for how many training samples each holds.
        mixed: How often neighbors in the stored order differ in their class, next to what
            an order by chance has: near 0 where the data is sorted by class, NaN unknown.
        flipped_alone: What happens to inputs or targets without the other, or "".
        viewed_classes: Classes of one-hot targets whose axis was moved by a view, or 0.
        reads: What becomes of samples that are read again.
        copies: Share of training samples that occurred before.
        repeated: Share of training samples whose input occurs more than once.
        conflicts: Share of training samples whose input has another target elsewhere.
        val_in_train: Share of validation samples that are in the training data, or None.
        leaked: Likewise, beyond what inputs repeat by nature within the training data.
        is_val_train: Whether the validation data is the training data.
        val_inputs: Facts of each tensor of the validation inputs.
        train_tells: How much nearby training inputs have nearby targets, in standard
            deviations of what shuffled targets have; None where it cannot be told.
        val_tells: Likewise for validation data among itself.
        train_known: Accuracy or R2 of the answer that the nearest others of as many training
            as validation samples give, where training samples are augmented at random; else
            NaN.
        val_known: Likewise of validation samples among themselves.
    """

    samples: int = 0
    inputs: tuple[InputFacts, ...] = ()
    targets: InputFacts | None = None
    class_counts: dict[int, int] = field(default_factory=dict[int, int])
    val_class_counts: dict[int, int] = field(default_factory=dict[int, int])
    label_shares: tuple[float, ...] = ()
    mixed: float = math.nan
    flipped_alone: str = ""
    viewed_classes: int = 0
    reads: Reads = field(default_factory=Reads)
    copies: float = 0.0
    repeated: float = 0.0
    conflicts: float = 0.0
    val_in_train: float | None = None
    leaked: float = 0.0
    is_val_train: bool = False
    val_inputs: tuple[InputFacts, ...] = ()
    train_tells: float | None = None
    val_tells: float | None = None
    train_known: float = math.nan
    val_known: float = math.nan


def probe_data_facts(evidence: Evidence, budget: Budget) -> DataFacts:
    """Read training and validation data and note what they are like."""
    program, task = evidence.program, evidence.task
    inputs, targets = read(program.train, min(_READ_SECONDS, budget.part(0.1)))
    facts = DataFacts(
        samples=num_in(targets),
        inputs=tuple(facts_of(tensor) for tensor in tensors_in(inputs)),
        targets=None if is_listed(targets) else facts_of(first_tensor(targets)),
        class_counts=_class_counts(task, targets),
        label_shares=_label_shares(task, targets),
        mixed=_mixed(task, targets),
    )
    if not is_by_sample(inputs, targets):
        return facts
    rows, answers = row_keys(inputs), row_keys(targets)
    facts = replace(
        facts,
        flipped_alone=_flipped_alone(program, task),
        viewed_classes=viewed_classes(first_tensor(targets)),
        reads=_reads(program),
        copies=1 - len(set(rows)) / len(rows),
        repeated=sum(n for n in Counter(rows).values() if n > 1) / len(rows),
        conflicts=conflicts(rows, answers),
        train_tells=tells(task, inputs, targets),
    )
    if program.val is None:
        return facts
    facts = _with_val(facts, evidence, program.val, (rows, answers), budget)
    if not facts.reads.is_random or facts.is_val_train:
        return facts
    other, answered = read(program.val, min(_READ_SECONDS, budget.part(0.1)))
    count = min(num_in(targets), num_in(answered))
    return replace(
        facts,
        train_known=known(task, inputs, targets, count),
        val_known=known(task, other, answered, count),
    )


def _with_val(
    facts: DataFacts,
    evidence: Evidence,
    val: Examples,
    seen: tuple[list[bytes], list[bytes]],
    budget: Budget,
) -> DataFacts:
    inputs, targets = read(val, min(_READ_SECONDS, budget.part(0.1)))
    rows, answers = seen
    val_rows = row_keys(inputs)
    known = set(rows)
    found = sum(row in known for row in val_rows) / len(val_rows)
    # A copy has the target of its original, unless targets are written in another way.
    pairs = set(zip(rows, answers, strict=True))
    whole = zip(val_rows, row_keys(targets), strict=True)
    found = sum(pair in pairs for pair in whole) / len(val_rows) or found
    # Where only a part of the training data was read, as much more would be found.
    part = len(rows) / max(1, _num_samples(evidence.program.train, len(rows)))
    return replace(
        facts,
        val_class_counts=_class_counts(evidence.task, targets),
        val_in_train=min(1.0, found / part),
        leaked=max(0.0, found - _ALIKE * facts.repeated) / part,
        is_val_train=set(val_rows) == known,
        val_inputs=tuple(facts_of(tensor) for tensor in tensors_in(inputs)),
        val_tells=tells(evidence.task, inputs, targets),
    )


def read(examples: Examples, seconds: float) -> Any:
    """Return all samples, or as many as can be read in this time."""
    begun = time.perf_counter()
    probe = gather(examples, 32)
    each = (time.perf_counter() - begun) / max(1, num_in(probe[1]))
    entries = sum(t[0].numel() for t in tensors_in(probe[0])) or 1
    most = min(_MOST_READ, max(32, _MOST_ENTRIES // entries))
    if not isinstance(examples.source, tuple):
        most = min(most, max(32, int(seconds / max(each, 1e-7))))
    return gather(examples, most)


def _num_samples(examples: Examples, default: int) -> int:
    try:
        return examples.num_samples
    except TypeError:
        return default


def facts_of(tensor: Tensor) -> InputFacts:
    """Return the facts of one tensor whose first dimension are samples."""
    values = tensor.detach()
    if values.is_complex():
        values = torch.view_as_real(values)
    is_float = values.is_floating_point()
    flat = values.reshape(len(values), -1).float()
    is_finite = flat.isfinite()
    finite = flat[is_finite] if not bool(is_finite.all()) else flat.flatten()
    finite = finite if finite.numel() else torch.zeros(1)
    part = finite[:: max(1, finite.numel() // 5000)]
    span = flat.amax(dim=0) - flat.amin(dim=0)
    return InputFacts(
        shape=tuple(values.shape[1:]),
        is_floating_point=is_float,
        low=float(finite.min()),
        high=float(finite.max()),
        mean=float(finite.mean()),
        std=float(finite.std()) if finite.numel() > 1 else 0.0,
        nan_fraction=float(flat.isnan().float().mean()),
        inf_fraction=float(flat.isinf().float().mean()),
        constant_fraction=float((span == 0).float().mean()) if len(flat) > 1 else 0.0,
        zero_fraction=float((finite == 0).float().mean()),
        distinct=int(part.unique().numel()),
    )


def _class_counts(task: TaskFacts, targets: Any) -> dict[int, int]:
    ids = class_ids(task, targets)
    if ids is None:
        return {}
    values, counts = ids[ids != -1].unique(return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def _label_shares(task: TaskFacts, targets: Any) -> tuple[float, ...]:
    if task.kind != "multilabel" or task.per_position:
        return ()
    is_yes = first_tensor(targets) > sum(task.levels) / 2
    return tuple(is_yes.float().mean(dim=0).tolist())


def _mixed(task: TaskFacts, targets: Any) -> float:
    ids = class_ids(task, targets)
    if ids is None or task.per_position or len(ids) < _LEAST_ORDERED:
        return math.nan
    shares = ids.unique(return_counts=True)[1] / len(ids)
    chance = 1 - float(shares.square().sum())
    return float((ids[1:] != ids[:-1]).float().mean()) / chance if chance > 0 else math.nan


def _reads(program: Program) -> Reads:
    try:
        return reads_of(program)
    except _CANNOT:
        return Reads()


def _flipped_alone(program: Program, task: TaskFacts) -> str:
    try:
        return flipped_alone(program, task)
    except _CANNOT:
        return ""
