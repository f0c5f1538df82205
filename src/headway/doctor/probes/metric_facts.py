"""What a program's own metric says about right answers, wrong ones and the network's."""

import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from headway.doctor.answer import answer_alone
from headway.doctor.probes.loss_records import Meeting
from headway.doctor.probes.loss_trace import LossTracer
from headway.doctor.probes.plain_answers import made_up_answers, with_main
from headway.doctor.program import Program, main_output
from headway.doctor.scoring import r2
from headway.doctor.task import TaskFacts

# Right and wrong answers are asked about in so many orders of the samples.
_ORDERS = 5
# Shares of right answers among wrong ones, in a batch of at least so many.
_SHARES = (0.25, 0.5, 0.75, 0.9)
_LEAST_SAMPLES = 16
# Factor of logits that makes answers surer.
_MORE = 3.0
# A metric that takes longer is asked no more than once for each form.
_QUICK_SECONDS = 0.05
# Moves and a shrinking of logits that change all but their order.
_MOVES, _SHRUNK = (10.0, -10.0), 0.02
# R2 of the same answers differs by less between two ways to compute it.
_EQUAL = 1e-3
_CANNOT = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError)


@dataclass(frozen=True, kw_only=True)
class MetricFacts:
    """What a metric function returns for one batch.

    Attributes:
        own: For what the untrained network says.
        right: The most for right answers in any form: logits, probabilities, values.
        by_form: For right answers, form by form.
        blind: Forms in which right answers are worth no more than wrong ones.
        wrong: The least for wrong answers in any form.
        constant: The most for the same answer to all, the most frequent class or the mean.
        gap: By how much the worst of right answers is above the best of wrong ones, whatever
            the order of the samples, in the form where that is most; NaN where unknown.
        is_swapped: Whether it is the R2 of the targets as answers to the outputs.
        is_stiff: Whether answers that are partly right are worth no more than wrong ones.
        error: What it raised for the network's answers, or "".
        meeting: Where it compared every output with every target, or None.
        is_agreed: Whether the program's loss takes the same answers for right, and the metric
            looks at them.
        is_of_order: Whether, of several labels, only the order of their logits tells right
            answers from wrong ones.
    """

    own: float = math.nan
    right: float = math.nan
    by_form: dict[str, float] = field(default_factory=dict[str, float])
    blind: frozenset[str] = frozenset()
    wrong: float = math.nan
    constant: float = math.nan
    gap: float = math.nan
    is_swapped: bool = False
    is_stiff: bool = False
    error: str = ""
    meeting: Meeting | None = None
    is_agreed: bool = True
    is_of_order: bool = False


def metric_facts(
    program: Program, outputs: Any, targets: Any, task: TaskFacts
) -> MetricFacts | None:
    """Ask a program's metric about made-up answers; None where it has no function."""
    # More than one tensor may belong together: only single ones are put in other orders.
    is_single = isinstance(outputs, Tensor) and isinstance(targets, Tensor)
    is_alone = isinstance(outputs, Tensor)
    program, outputs = answer_alone(program, outputs, targets)
    metric = program.metric
    if not callable(metric):
        return None

    def ask(answer: Tensor, order: Tensor | None = None) -> float:
        said, truth = with_main(outputs, answer), targets
        if order is not None:
            said, truth = with_main(outputs, answer[order]), targets[order]
        try:
            return float(metric(said, truth))
        except _CANNOT:
            return math.nan

    tracer = LossTracer(program, (), targets)
    with torch.no_grad(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        begun = time.perf_counter()
        try:
            with tracer.on():
                tracer.take_output(outputs)
                own = float(metric(outputs, targets))
        except _CANNOT as error:
            first_line = str(error).partition("\n")[0]
            return MetricFacts(error=f"{type(error).__name__}: {first_line}")
        is_quick = time.perf_counter() - begun < _QUICK_SECONDS
        right, wrong = made_up_answers(outputs, targets, task)
        said = {form: ask(answer) for form, answer in right.items()}
        other = {form: ask(answer) for form, answer in wrong.items()}
        blind = {
            form
            for form in said
            if said[form] <= other[form]
            and ask(_surer(right[form], form, task)) <= ask(_surer(wrong[form], form, task))
        }
        same = [ask(_constant(answer, task)) for answer in right.values()]
        is_read = any(value != own for value in (*said.values(), *other.values(), *same))
        is_read = is_read or is_alone
        is_agreed = is_read and _likes(program, outputs, targets, right, wrong)
        gap, is_stiff = math.nan, False
        if is_quick and is_single and len(targets) >= _LEAST_SAMPLES:
            gap, is_stiff = _told_apart(ask, right, wrong, task)
    outer = next((m for m in tracer.trace.meetings if m.is_outer), None)
    return MetricFacts(
        own=own,
        right=max(_finite(said.values()), default=math.nan),
        by_form=said,
        blind=frozenset(blind),
        wrong=min(_finite(other.values()), default=math.nan),
        constant=max(_finite(same), default=math.nan),
        gap=gap,
        is_swapped=_is_swapped(ask, right, task),
        is_stiff=is_stiff,
        meeting=outer,
        is_agreed=is_agreed,
        is_of_order=task.kind == "multilabel" and _is_of_order(ask, right, wrong),
    )


def _likes(
    program: Program,
    outputs: Any,
    targets: Any,
    right: dict[str, Tensor],
    wrong: dict[str, Tensor],
) -> bool:
    """Whether the loss likes right answers more than wrong ones and the network's, in a form.

    Of a loss that does not, it is not known which answers are right.
    """

    def ask(answer: Tensor) -> float:
        try:
            loss = program.loss_fn(with_main(outputs, answer), targets)
            return float(torch.as_tensor(loss).mean())
        except _CANNOT:
            return math.nan

    own = ask(main_output(outputs))
    return any(ask(right[form]) < min(ask(wrong[form]), own) for form in right)


def _is_of_order(
    ask: Callable[..., float], right: dict[str, Tensor], wrong: dict[str, Tensor]
) -> bool:
    """Whether right logits are worth the same with another level and another size."""
    if "logits" not in right:
        return False
    logits = right["logits"]
    said = ask(logits)
    others = [ask(logits + move) for move in _MOVES] + [ask(_SHRUNK * logits)]
    return said > ask(wrong["logits"]) and all(value == said for value in others)


def _is_swapped(
    ask: Callable[..., float], right: dict[str, Tensor], task: TaskFacts
) -> bool:
    """Whether a metric of noisy answers is R2 with outputs and targets exchanged."""
    truth = right.get("values")
    if task.kind != "values" or truth is None or truth.numel() != len(truth):
        return False
    mean, std = truth.mean(), truth.std()
    for share in (0.5, 0.8):
        answer = mean + share * (truth - mean) + 0.3 * std * torch.randn_like(truth)
        said, plain = ask(answer), r2(answer, truth)
        swapped = r2(truth, answer)
        if not abs(said - swapped) < _EQUAL < abs(said - plain):
            return False
    return True


def _constant(right: Tensor, task: TaskFacts) -> Tensor:
    """Return the mean of right answers, whose largest class is the most frequent one."""
    if task.kind in ("values", "multilabel"):
        return right.mean(dim=0, keepdim=True).expand_as(right)
    classes = task.axis % right.dim() if task.kind == "classes" else right.dim()
    dims = [dim for dim in range(right.dim()) if dim != classes]
    return right.mean(dim=dims, keepdim=True).expand_as(right)


def _surer(answer: Tensor, form: str, task: TaskFacts) -> Tensor:
    """Return answers nearer to 0 and 1, for metrics with a threshold that is near them."""
    if form not in ("probabilities", "log-probabilities"):
        return _MORE * answer if form == "logits" else answer
    is_log = form == "log-probabilities"
    logs = answer if is_log else answer.log()
    if task.kind != "classes":
        surer = (_MORE * (logs - (-logs.expm1()).log())).sigmoid()
        return surer.log() if is_log else surer
    surer = (_MORE * logs).log_softmax(dim=task.axis)
    return surer if is_log else surer.exp()


def _told_apart(
    ask: Callable[..., float],
    right: dict[str, Tensor],
    wrong: dict[str, Tensor],
    task: TaskFacts,
) -> tuple[float, bool]:
    """Return the gap between right and wrong, and whether partly right is worth nothing."""
    best, is_stiff = math.nan, False
    for form, answer in right.items():
        count = len(answer)
        orders = [torch.randperm(count) for _ in range(_ORDERS)]
        good = _finite([ask(answer, order) for order in orders])
        bad = _finite([ask(wrong[form], order) for order in orders])
        if len(good) < _ORDERS or len(bad) < _ORDERS:
            continue
        gap = min(good) - max(bad)
        if math.isnan(best) or gap > best:
            best = gap
            mixed = [ask(part) for part in _mixed(answer, wrong[form])]
            is_flat = max(bad) == min(bad) and all(value == bad[0] for value in mixed)
            is_stiff = gap > 0 and is_flat and task.kind in ("classes", "binary")
    return best, is_stiff


def _mixed(right: Tensor, wrong: Tensor) -> Iterator[Tensor]:
    """Yield answers of which a part is right."""
    for share in _SHARES:
        is_right = torch.rand(len(right)) < share
        yield torch.where(is_right.reshape(-1, *[1] * (right.dim() - 1)), right, wrong)


def _finite(values: Iterable[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]
