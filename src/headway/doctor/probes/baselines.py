"""How well answers without a network do: a constant, a linear model, the nearest samples."""

import math
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import TABLE, Batch, Examples, joined
from headway.doctor.probes.features import position_features, sample_features, tensors_in
from headway.doctor.probes.plain_models import (
    logistic,
    nearest,
    ridge,
    standardized,
    two_components,
    vote,
)
from headway.doctor.probes.unordered import without_order
from headway.doctor.probes.updates import Updates
from headway.doctor.program import first_tensor, num_in
from headway.doctor.rows import in_rows, is_by_sample
from headway.doctor.scoring import r2
from headway.doctor.task import TaskFacts, class_ids

# Enough for a linear model of a small task; a larger one would take seconds.
_TRAIN_SAMPLES = 2000
_VAL_SAMPLES = 1000
# Pictures have thousands of positions each; all pairs of so many rows take a second.
_TRAIN_ROWS, _VAL_ROWS = 8000, 4000
# Targets of more columns than this, such as images, are not fitted by a linear model.
_MOST_COLUMNS = 256


@dataclass(frozen=True, kw_only=True)
class Baselines:
    """Metrics of answers without a network, fitted on training data that is not judged.

    The metric is the one of `Scores.standard`: accuracy, or R2 for values.

    Attributes:
        part: What they are judged on: "val", or "train" where there is no validation data.
        dumb: Always the most frequent class, or the mean.
        learned: Metrics by name of those that look at the input: "linear", "neighbors", and
            "table" where the training data is a table of a few rows.
        samples: How many samples or positions they were judged on.
        num_classes: How many classes occur, 0 for values.
        unordered: What the best of them reaches that does not see in which order the steps of
            a sequence come; NaN where the network sees it, or there is none.
    """

    part: str = "val"
    dumb: float = math.nan
    learned: dict[str, float] = field(default_factory=dict[str, float])
    samples: int = 0
    num_classes: int = 0
    unordered: float = math.nan

    @property
    def good(self) -> float:
        """The metric of the best of them, at least that of the dumb one."""
        return max(self.learned.values(), default=self.dumb)

    @property
    def standard_error(self) -> float:
        """How far a metric on that many samples may be off, as one standard error.

        Of a share p it is sqrt(p (1 - p) / n), of R2 about sqrt(4 R2 (1 - R2)^2 / n).
        """
        count = max(1, self.samples)
        if self.num_classes:
            share = min(max(self.good, 0.5), 0.99)
            return math.sqrt(share * (1 - share) / count)
        explained = min(max(self.good, 0.1), 0.95)
        return math.sqrt(4 * explained * (1 - explained) ** 2 / count)


@dataclass(frozen=True)
class _Part:
    features: Tensor
    answers: Tensor


def probe_baselines(evidence: Evidence, budget: Budget) -> Baselines:
    """Fit the baselines of a task, in a second or two at most."""
    if evidence.task.kind == "unknown" or budget.left <= 0:
        return Baselines()
    fitted = _fitted(evidence)
    updates: Updates | None = evidence.updates
    if updates is not None and updates.sequences.ignores_order:
        # Inputs of some structures cannot be sorted.
        with suppress(RuntimeError, ValueError, TypeError):
            return replace(fitted, unordered=_fitted(without_order(evidence)).good)
    return fitted


def _fitted(evidence: Evidence) -> Baselines:
    train, val, part = _parts(evidence)
    if evidence.task.kind in ("classes", "binary"):
        whole = _joined(train, val) if part == "train" else train
        if _is_table(whole, val):
            return _of_table(whole, part)
    train, val = _thinned(train, _TRAIN_ROWS), _thinned(val, _VAL_ROWS)
    if evidence.task.kind in ("classes", "binary"):
        return _of_classes(train, val, part)
    # Pixels that are 0 or 1 are scored as so many answers of yes or no, also where they are
    # the inputs themselves.
    is_binary = bool(((train.answers == 0) | (train.answers == 1)).all())
    is_multilabel = is_binary and train.answers.shape[1] > 1
    return _of_values(train, val, part, is_multilabel=is_multilabel)


def gather(examples: Examples, count: int, *, seed: int = 0) -> Batch:
    """Return about `count` samples, also of an iterable of batches, and leave no trace."""
    with torch.random.fork_rng(devices=[]):
        try:
            return examples.some(count, seed=seed)
        except TypeError:
            return _first_batches(examples, count)


def _first_batches(examples: Examples, count: int) -> Batch:
    parts: list[Batch] = []
    for part in examples.batches():
        parts.append(part)
        count -= num_in(part[1])
        if count <= 0:
            break
    return joined([part[0] for part in parts]), joined([part[1] for part in parts])


def _in_rows(examples: Examples, count: int) -> Batch:
    """Return about `count` samples with inputs in rows, also where they come in columns."""
    turned = examples.mapped(lambda inputs, targets: (in_rows(inputs, targets), targets))
    if examples.is_by_sample or not is_by_sample(*turned.first(1)):
        return gather(turned, count)
    with torch.random.fork_rng(devices=[]):
        return _first_batches(turned, count)


def _parts(evidence: Evidence) -> tuple[_Part, _Part, str]:
    program, task = evidence.program, evidence.task
    batch = _in_rows(program.train, _TRAIN_SAMPLES)
    if program.val is not None:
        return *_alike(task, batch, _in_rows(program.val, _VAL_SAMPLES)), "val"
    train = _part(task, *batch)
    half = len(train.features) // 2
    order = torch.randperm(len(train.features), generator=torch.Generator().manual_seed(0))
    first, second = order[:half], order[half:]
    return _chosen(train, first), _chosen(train, second), "train"


def _thinned(part: _Part, most: int) -> _Part:
    """Return a part with so many rows at most, which are drawn at random."""
    count = len(part.features)
    if count <= most:
        return part
    order = torch.randperm(count, generator=torch.Generator().manual_seed(1))
    return _chosen(part, order[:most])


def _chosen(part: _Part, numbers: Tensor) -> _Part:
    """Return some samples of a part; inputs that are their own targets stay so."""
    answers = part.answers[numbers]
    is_same = part.features is part.answers
    return _Part(answers if is_same else part.features[numbers], answers)


def _alike(task: TaskFacts, train: Batch, val: Batch) -> tuple[_Part, _Part]:
    """Return both parts with the same features, also where names occur in one of them."""
    first, second = _part(task, *train), _part(task, *val)
    if first.features.shape[1] == second.features.shape[1]:
        return first, second
    both = _part(task, joined([train[0], val[0]]), joined([train[1], val[1]])).features
    count = len(first.features)
    return _Part(both[:count], first.answers), _Part(both[count:], second.answers)


def _part(task: TaskFacts, inputs: Any, targets: Any) -> _Part:
    ids = class_ids(task, targets) if task.kind in ("classes", "binary") else None
    if ids is None:
        answers = first_tensor(targets).detach().float().cpu()
        answers = answers.reshape(len(answers), -1).nan_to_num()
        if task.targets_equal_inputs:
            return _Part(answers, answers)
        return _Part(_features(inputs, targets), answers)
    ids = ids.cpu()
    if len(ids) == num_in(targets):
        features = _features(inputs, targets)
    else:
        features = position_features(inputs, first_tensor(targets).shape)
    is_counted = ids >= 0
    return _Part(features[is_counted], ids[is_counted])


def _features(inputs: Any, targets: Any) -> Tensor:
    """Return a row for each sample, of what the inputs have one of."""
    count = num_in(targets)
    if is_by_sample(inputs, targets):
        return sample_features(inputs)
    own = [tensor for tensor in tensors_in(inputs) if tensor.dim() and len(tensor) == count]
    return sample_features(own) if own else torch.zeros(count, 0)


def _joined(first: _Part, second: _Part) -> _Part:
    return _Part(
        torch.cat([first.features, second.features]),
        torch.cat([first.answers, second.answers]),
    )


def _is_table(train: _Part, val: _Part) -> bool:
    """Whether a few rows, each of them another one, are all that is asked for."""
    if len(train.features) > TABLE:
        return False
    rows = {tuple(row) for row in train.features.tolist()}
    asked = {tuple(row) for row in val.features.tolist()}
    return len(rows) == len(train.features) and asked <= rows


def _of_table(train: _Part, part: str) -> Baselines:
    """Return what can be said of the rows themselves: half of them tell nothing of the rest."""
    most_frequent = train.answers.mode().values
    return Baselines(
        part=part,
        dumb=float((train.answers == most_frequent).float().mean()),
        learned={"table": 1.0},
        samples=len(train.answers),
        num_classes=len(train.answers.unique()),
    )


def _of_classes(train: _Part, val: _Part, part: str) -> Baselines:
    known = train.answers.unique()
    dumb = train.answers.mode().values

    def accuracy(predicted: Tensor) -> float:
        return float((predicted == val.answers).float().mean())

    learned: dict[str, float] = {}
    if len(known) > 1 and train.features.shape[1]:
        labels = torch.searchsorted(known, train.answers)
        scaled, other = standardized(train.features, val.features)
        learned["linear"] = accuracy(known[logistic(scaled, labels, other)])
        learned["neighbors"] = accuracy(known[vote(scaled, labels, other, len(known))])
    return Baselines(
        part=part,
        dumb=accuracy(dumb.expand(len(val.answers))),
        learned=learned,
        samples=len(val.answers),
        num_classes=len(known),
    )


def _of_values(train: _Part, val: _Part, part: str, *, is_multilabel: bool) -> Baselines:
    def metric(predicted: Tensor) -> float:
        if is_multilabel:
            return float(((predicted > 0.5) == (val.answers > 0.5)).float().mean())
        return r2(predicted, val.answers)

    scaled, other = standardized(train.features, val.features)
    learned: dict[str, float] = {}
    if train.features is train.answers:
        # What a copy reaches says nothing about a network that has to compress.
        learned["components"] = metric(two_components(train.answers, val.answers))
    elif train.features.shape[1]:
        learned["neighbors"] = metric(train.answers[nearest(scaled, other)].mean(dim=1))
        if train.answers.shape[1] <= _MOST_COLUMNS:
            learned["linear"] = metric(ridge(scaled, train.answers, other))
    return Baselines(
        part=part,
        dumb=metric(train.answers.mean(dim=0).expand_as(val.answers)),
        learned=learned,
        samples=len(val.answers),
        num_classes=2 if is_multilabel else 0,
    )
