"""Train a program as its author would, faults included, and keep its course."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from headway.doctor.program import Program, seed_all
from headway.doctor.scoring import Scores, score

StepWatcher = Callable[[int, Any, Any, float], None]
# Of the seconds that a training may take, the share that evaluations may.
_EVALUATION_SHARE = 0.3


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How well the program did at one moment.

    Attributes:
        step: Updates done so far.
        epoch: Passes over the data done so far, a fraction in between.
        train: On a fixed part of the training data, in evaluation mode.
        val: On the validation data or a fixed part of it, or None where there is none.
    """

    step: int
    epoch: float
    train: Scores
    val: Scores | None = None


@dataclass(kw_only=True)
class Course:
    """What happened while a program was trained.

    Attributes:
        losses: Training loss of each update.
        evaluations: From before the first update to after the last, in order.
        steps: Updates done.
        planned_steps: Updates that the program asks for.
        seconds: How long the updates took, evaluations left out.
        evaluation_seconds: How long all evaluations took.
        stop: "done", "budget" (time or steps ran out), "diverged" or "error".
        error: What was raised where `stop` is "error".
    """

    losses: list[float] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    steps: int = 0
    planned_steps: int = 0
    seconds: float = 0.0
    evaluation_seconds: float = 0.0
    stop: str = "done"
    error: Exception | None = None

    @property
    def last(self) -> Evaluation:
        """The evaluation after the last update."""
        return self.evaluations[-1]

    def best_metric(self) -> float:
        """Return the best metric on the validation data, or else on the training data."""
        scores = [(e.val or e.train).metric for e in self.evaluations]
        finite = [value for value in scores if math.isfinite(value)]
        return max(finite, default=-math.inf)


def train(
    program: Program,
    *,
    max_steps: int | None = None,
    max_seconds: float | None = None,
    evaluations: int = 10,
    eval_samples: int = 1024,
    on_step: StepWatcher | None = None,
) -> Course:
    """Train a program to its end, or until steps or seconds run out.

    The same program and seed give the same course, apart from where the seconds end it. Each
    epoch begins from a random state of its own, so that a changed program sees the same
    batches. A loss that is no number ends it as "diverged"; an exception as "error".

    Args:
        program: Is used up: its model is trained afterwards.
        max_steps: Updates at most.
        max_seconds: Seconds at most, evaluations included.
        evaluations: How often it is evaluated, evenly over the planned steps or the seconds,
            besides the evaluation before the first update.
        eval_samples: Samples of each part that are looked at in an evaluation.
        on_step: Called after every update with its number from 1, the batch and its loss.
    """
    run = _Run(program, max_steps, max_seconds, evaluations, eval_samples, on_step)
    try:
        run.go()
    except Exception as error:  # The program is foreign code: it may raise anything.
        run.course.stop, run.course.error = "error", error
    return run.course


class _Run:
    """One training with its clock and its evaluations."""

    def __init__(
        self,
        program: Program,
        max_steps: int | None,
        max_seconds: float | None,
        evaluations: int,
        eval_samples: int,
        on_step: StepWatcher | None,
    ) -> None:
        self._program, self._eval_samples, self._on_step = program, eval_samples, on_step
        self._per_epoch = program.train.num_batches
        planned = program.epochs * self._per_epoch
        self._limit = planned if max_steps is None else min(planned, max_steps)
        self._seconds = math.inf if max_seconds is None else max_seconds
        self._every = max(1, self._limit // max(1, evaluations))
        self._pause = self._seconds / max(1, evaluations)
        self._begun = self._evaluated = time.perf_counter()
        self.course = Course(planned_steps=planned)

    def go(self) -> None:
        """Train to the end, and evaluate before and after it."""
        self._evaluate()
        epoch = 0
        while self.course.stop == "done" and self.course.steps < self._limit:
            # Any two seeds and epochs of one examination differ.
            seed_all(1000 * self._program.seed + epoch)
            self._train_epoch()
            epoch += 1
        if self.course.evaluations[-1].step != self.course.steps:
            self._evaluate()
        if self.course.stop == "done" and self._limit < self.course.planned_steps:
            self.course.stop = "budget"

    def _train_epoch(self) -> None:
        course, before = self.course, self.course.steps
        for inputs, targets in self._program.train.batches():
            begun = time.perf_counter()
            loss = _number(self._program.update(inputs, targets))
            course.steps += 1
            course.losses.append(loss)
            if self._on_step is not None:
                self._on_step(course.steps, inputs, targets, loss)
            if not math.isfinite(loss):
                course.stop = "diverged"
                return
            _step_scheduler(
                self._program, loss, is_epoch_end=course.steps % self._per_epoch == 0
            )
            course.seconds += time.perf_counter() - begun
            if self._is_time_to_look():
                self._evaluate()
            if course.steps >= self._limit:
                return
            if time.perf_counter() - self._begun > self._seconds:
                course.stop = "budget"
                return
        if course.steps == before:
            raise ValueError("the training data gave no batch")

    def _is_time_to_look(self) -> bool:
        """Whether to evaluate; where seconds are short, evaluations take a share of them."""
        now = time.perf_counter()
        if math.isinf(self._seconds):
            return self.course.steps % self._every == 0
        is_costly = self.course.evaluation_seconds > _EVALUATION_SHARE * self._seconds
        is_due = self.course.steps % self._every == 0 or now - self._evaluated > self._pause
        return is_due and not is_costly

    def _evaluate(self) -> None:
        steps, begun = self.course.steps, time.perf_counter()
        done = steps / self._per_epoch
        self.course.evaluations.append(
            evaluate(self._program, steps, done, self._eval_samples)
        )
        self._evaluated = time.perf_counter()
        self.course.evaluation_seconds += self._evaluated - begun


def evaluate(
    program: Program, step: int = 0, epoch: float = 0.0, samples: int = 1024
) -> Evaluation:
    """Return the scores of a program as it is, without leaving a trace in it."""
    train = score(program, program.train, samples=samples)
    val = score(program, program.val, samples=samples) if program.val else None
    return Evaluation(step=step, epoch=epoch, train=train, val=val)


def _step_scheduler(program: Program, loss: float, *, is_epoch_end: bool) -> None:
    scheduler = program.scheduler
    if scheduler is None:
        return
    if not (is_epoch_end or program.steps_each_update):
        return
    if isinstance(scheduler, ReduceLROnPlateau):
        scheduler.step(loss)
    else:
        scheduler.step()


def _number(loss: Any) -> float:
    if isinstance(loss, Tensor):
        return float(loss.detach().mean())
    return float(loss)


def training_flags(model: nn.Module) -> dict[nn.Module, bool]:
    """Return the training flag of each module, to put back with `restore_flags`."""
    return {module: module.training for module in model.modules()}


def restore_flags(flags: dict[nn.Module, bool]) -> None:
    """Put training flags back."""
    for module, flag in flags.items():
        module.training = flag
