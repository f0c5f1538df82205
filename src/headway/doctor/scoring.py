"""How well a program does on some examples: its own loss and a metric, larger is better."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from headway.doctor.answer import answer_of
from headway.doctor.examples import Examples, have_one_shape, joined
from headway.doctor.inference import infer_task
from headway.doctor.program import Program, call_model, first_tensor, main_output, num_in
from headway.doctor.task import TaskFacts, class_ids, equal_inputs, predicted_ids, says_yes
from headway.measure.probe import evaluating

_BATCH = 256
# What a function of a foreign program may raise about shapes and types.
_CANNOT = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Loss and metric over some examples, in evaluation mode.

    Attributes:
        loss: The program's own loss, mean over samples; NaN where it cannot be called.
        metric: The program's metric, or what fits the task: accuracy for classes and yes or
            no, mean accuracy for multilabel, R2 for values. NaN where there is none.
        standard: What fits the task, whatever metric the program has of its own.
        macro: Mean over the classes that occur of the share of each that is recognized; NaN
            without classes.
        recalls: That share of each class by its id; NaN for those that do not occur, and empty
            without classes.
        said: How many times as often as it holds yes is said of several labels at once; NaN
            for other tasks.
        has_own_metric: Whether `metric` is what a function of the program says.
    """

    loss: float
    metric: float
    standard: float = math.nan
    macro: float = math.nan
    recalls: tuple[float, ...] = ()
    said: float = math.nan
    has_own_metric: bool = False


def score(program: Program, examples: Examples, *, samples: int = 1024) -> Scores:
    """Return loss and metric over `samples` of the examples, and leave no trace.

    The samples are the same in each call.
    """
    outputs: list[Any] = []
    targets: list[Any] = []
    losses: list[tuple[float, int]] = []
    are_inputs = True
    with evaluating(program.model):
        for inputs, target in _chunks(examples, samples):
            output = call_model(program.model, inputs)
            count = num_in(target)
            losses.append((_loss(program, output, target), count))
            are_inputs = are_inputs and equal_inputs(inputs, first_tensor(target))
            outputs.append(output)
            targets.append(target)
        total = sum(count for _, count in losses)
        loss = sum(value * count for value, count in losses) / total
        metric = _own_metric(program, outputs, targets)
        said, truth = joined(outputs), joined(targets)
        task = _task(program, truth if are_inputs else None, said, truth)
        name = None if callable(program.metric) else program.metric
        answer = _answer(program, said, truth)
        standard = _standard(task, answer, truth, name)
        recalls = _recalls(task, answer, truth)
        share_said = _said(task, answer, truth)
    return Scores(
        loss=loss,
        metric=standard if metric is None else metric,
        standard=standard,
        macro=_mean([recall for recall in recalls if math.isfinite(recall)]),
        recalls=recalls,
        said=share_said,
        has_own_metric=metric is not None,
    )


def metric_of(program: Program, outputs: Any, targets: Any) -> float:
    """Return the metric of a program for outputs and targets."""
    own = _own_metric(program, [outputs], [targets])
    if own is not None:
        return own
    task = _task(program, None, outputs, targets)
    name = None if callable(program.metric) else program.metric
    return _standard(task, _answer(program, outputs, targets), targets, name)


def _own_metric(program: Program, outputs: list[Any], targets: list[Any]) -> float | None:
    """Return what a metric function of the program says, or None where it has none."""
    if not callable(program.metric):
        return None
    try:
        if have_one_shape(outputs) and have_one_shape(targets):
            outputs, targets = [joined(outputs)], [joined(targets)]
        values = [
            (float(program.metric(output, target)), num_in(target))
            for output, target in zip(outputs, targets, strict=True)
        ]
    except _CANNOT:
        return math.nan
    return sum(value * count for value, count in values) / sum(n for _, n in values)


def _task(program: Program, inputs: Any, outputs: Any, targets: Any) -> TaskFacts:
    metric = None if callable(program.metric) else program.metric
    return infer_task(inputs, outputs, targets, program.loss_fn, metric)


def _answer(program: Program, outputs: Any, targets: Any) -> Any:
    try:
        return answer_of(program.loss_fn, outputs, targets)
    except TypeError:  # There is no tensor in it.
        return outputs


def _standard(task: TaskFacts, outputs: Any, targets: Any, name: str | None) -> float:
    try:
        return standard_metric(task, outputs, targets, name=name)
    except _CANNOT:
        return math.nan


def _recalls(task: TaskFacts, outputs: Any, targets: Any) -> tuple[float, ...]:
    try:
        predicted, truth = predicted_ids(task, outputs), class_ids(task, targets)
    except _CANNOT:
        return ()
    if predicted is None or truth is None or predicted.shape != truth.shape:
        return ()
    is_counted = truth >= 0
    truth, predicted = truth[is_counted], predicted[is_counted]
    if not len(truth):
        return ()
    totals = truth.bincount()
    right = truth[predicted == truth].bincount(minlength=len(totals))
    return tuple((right / totals).tolist())


def _said(task: TaskFacts, outputs: Any, targets: Any) -> float:
    if task.kind != "multilabel" or task.per_position:
        return math.nan
    output, target = main_output(outputs), first_tensor(targets)
    count = int((target > sum(task.levels) / 2).sum())
    if output.shape != target.shape or not count:
        return math.nan
    return int(says_yes(task, output).sum()) / count


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def standard_metric(
    task: TaskFacts, outputs: Any, targets: Any, *, name: str | None = None
) -> float:
    """Return accuracy or R2, whichever the task or `name` asks for; NaN where unknown."""
    if task.kind == "unknown":
        return math.nan
    predicted = predicted_ids(task, outputs) if name != "r2" else None
    truth = class_ids(task, targets) if name != "r2" else None
    if predicted is not None and truth is not None:
        if predicted.shape != truth.shape:
            return math.nan
        is_counted = truth >= 0
        return float((predicted == truth)[is_counted].float().mean())
    output, target = main_output(outputs).float(), first_tensor(targets).float()
    if task.kind == "multilabel" and output.shape == target.shape and name != "r2":
        is_yes = target > sum(task.levels) / 2
        return float((says_yes(task, output) == is_yes).float().mean())
    if task.kind == "values" and task.link != "none":
        output = output.sigmoid() if task.link == "sigmoid" else output.exp()
    if output.numel() != target.numel():
        return _best_column(output, target)
    output, target = output.flatten(), target.reshape(len(target), -1)
    is_known = ~target.isnan()
    if not bool(is_known.all()):
        return r2(output[is_known.flatten()], target[is_known])
    return r2(output.reshape(target.shape), target)


def _best_column(output: Tensor, target: Tensor) -> float:
    """Return R2 of the best of several outputs for one value: a mean, or a middle quantile."""
    if output.dim() != 2 or target.numel() != len(output):
        return math.nan
    target = target.reshape(-1, 1)
    return max(r2(column.unsqueeze(1), target) for column in output.unbind(dim=1))


def r2(outputs: Tensor, targets: Tensor) -> float:
    """Return 1 - (squared error) / (squared distance from the mean of each column)."""
    residual = (outputs - targets).square().sum()
    total = (targets - targets.mean(dim=0)).square().sum()
    return float(1 - residual / total.clamp(min=1e-12))


def _chunks(examples: Examples, samples: int) -> Any:
    if not examples.is_by_sample:
        yield from _whole_batches(examples, samples)
        return
    try:
        count = min(samples, examples.num_samples)
        order = (
            torch.randperm(
                examples.num_samples, generator=torch.Generator().manual_seed(0)
            )[:count]
            .sort()
            .values
        )
        for numbers in order.split(_BATCH):
            yield examples.pick(numbers)
    except TypeError:
        # An iterable of batches without samples by number.
        yield from _whole_batches(examples, samples)


def _whole_batches(examples: Examples, samples: int) -> Any:
    seen = 0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for inputs, targets in examples.batches():
            yield inputs, targets
            seen += num_in(targets)
            if seen >= samples:
                return


def _loss(program: Program, output: Any, target: Any) -> float:
    try:
        return float(torch.as_tensor(program.loss_fn(output, target)).detach().mean())
    except _CANNOT:
        return math.nan
