"""Short trainings of a program with one thing changed, on the same seeds and batches."""

import math
import time
from dataclasses import dataclass
from statistics import fmean

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause
from headway.doctor.remedies.fitting import fitting_in_turn
from headway.doctor.remedies.remedy import Remedy
from headway.doctor.remedies.together import Together
from headway.doctor.training import Course, Evaluation, train

# R2 has no lower end: one lost seed must not outweigh all others.
_WORST = -1.0
# An arm that is slower than the program itself is cut off at this many times its share.
_PATIENCE = 3.0
# Fewer updates than the first tell nothing, and fewer than the second little: where time is
# short there are fewer runs instead, but at least so many.
_LEAST_STEPS = 20
_FAIR_STEPS = 100
_LEAST_RUNS = 4
# Samples that are looked at, where the course itself is not one of the arms.
_SAMPLES = 512
_ALL_SAMPLES = 1024


@dataclass(frozen=True, kw_only=True)
class Reached:
    """Where short trainings of one arm ended.

    Attributes:
        scores: One for each seed: `Scores.standard` on the validation data or else on the
            training data, or the program's own metric or loss where there is none; larger is
            better.
        own_scores: The program's own metric on the validation data, or else on the training
            data.
        train_scores: The same as `scores` on the training data.
        losses: The program's loss on the training data, in evaluation mode.
        has_diverged: Whether a loss was no number.
        error: What a run raised, or "".
        steps: Updates of each run.
        seconds: All of it.
    """

    scores: tuple[float, ...] = ()
    own_scores: tuple[float, ...] = ()
    train_scores: tuple[float, ...] = ()
    losses: tuple[float, ...] = ()
    has_diverged: bool = False
    error: str = ""
    steps: int = 0
    seconds: float = 0.0

    @property
    def score(self) -> float:
        """Mean over the seeds."""
        return fmean(self.scores) if self.scores else -math.inf

    @property
    def train_score(self) -> float:
        """Mean over the seeds, on the training data."""
        return fmean(self.train_scores) if self.train_scores else -math.inf

    @property
    def loss(self) -> float:
        """Mean over the seeds; infinite where one is no number."""
        finite = all(math.isfinite(loss) for loss in self.losses)
        return fmean(self.losses) if self.losses and finite else math.inf


class ShortRuns:
    """Runs arms of equal length, each arm and seed once.

    Attributes:
        steps: Updates of each run, unless a remedy changes what an update is.
        part: Their share of those that the program makes.
    """

    def __init__(self, evidence: Evidence, *, seconds: float, num_runs: int) -> None:
        self._evidence = evidence
        self._deadline = time.perf_counter() + seconds
        self._share = seconds / max(1, num_runs)
        fair = min(_FAIR_STEPS, affordable_steps(evidence, seconds / _LEAST_RUNS))
        self.steps = max(fair, affordable_steps(evidence, self._share))
        planned = evidence.course.planned_steps if evidence.course else 0
        self._seconds_of_run = self.steps * _pace(evidence)
        # A program of fewer updates is short by itself.
        self._fewest = max(1, min(_LEAST_STEPS, planned))
        self.part = min(1.0, self.steps / planned) if planned else 0.0
        self._known: dict[tuple[str, int], Reached] = {}

    @property
    def is_over(self) -> bool:
        """Whether there is no time for another run."""
        return self.steps < self._fewest or time.perf_counter() >= self._deadline

    def has_time_for(self, count: int) -> bool:
        """Whether so many runs of the untreated program are likely to end in time."""
        return time.perf_counter() + count * self._seconds_of_run < self._deadline

    def run(
        self, remedy: Remedy | None = None, *, seeds: tuple[int, ...] = (0,)
    ) -> Reached:
        """Train the program with a remedy, or as it is, once for each seed."""
        parts = [self._of_seed(remedy, seed) for seed in seeds]
        return Reached(
            scores=sum((part.scores for part in parts), ()),
            own_scores=sum((part.own_scores for part in parts), ()),
            train_scores=sum((part.train_scores for part in parts), ()),
            losses=sum((part.losses for part in parts), ()),
            has_diverged=any(part.has_diverged for part in parts),
            error=next((part.error for part in parts if part.error), ""),
            steps=max(part.steps for part in parts),
            seconds=sum(part.seconds for part in parts),
        )

    def fitting_part(self, remedy: Remedy, cause: Cause) -> Remedy | None:
        """Return what finds something to change of a remedy that is made of several.

        One of them may be right already, such as the loss behind a wrong head; what is left
        has to be about the cause.
        """
        if not isinstance(remedy, Together):
            return None
        fit = tuple(fitting_in_turn(self._evidence.make(0), remedy.remedies))
        is_part = 0 < len(fit) < len(remedy.remedies)
        if not is_part or cause not in {part.cause for part in fit}:
            return None
        return fit[0] if len(fit) == 1 else Together(fit)

    def _of_seed(self, remedy: Remedy | None, seed: int) -> Reached:
        key = (repr(remedy), seed)
        if key not in self._known:
            self._known[key] = self._train(remedy, seed)
        return self._known[key]

    def _train(self, remedy: Remedy | None, seed: int) -> Reached:
        own: Course | None = self._evidence.course
        if remedy is None and seed == 0 and own is not None and own.steps == self.steps:
            return self._reached(own, 0.0)
        begun = time.perf_counter()
        try:
            program = self._evidence.make(seed)
            planned = program.epochs * program.train.num_batches
            if remedy is not None:
                program = remedy.apply(program)
            # Other epochs or batches are the point of some remedies: the share of the
            # program's own length stays, and not the number of updates.
            length = program.epochs * program.train.num_batches
            steps = max(_LEAST_STEPS, round(self.steps * length / max(1, planned)))
            course = train(
                program,
                max_steps=steps,
                max_seconds=_PATIENCE * max(self._share, 1.0),
                evaluations=1,
                eval_samples=_ALL_SAMPLES if self.steps == planned else _SAMPLES,
            )
        except Exception as error:  # Foreign code, with parts that it was not made for.
            course = Course(stop="error", error=error)
        return self._reached(course, time.perf_counter() - begun)

    def _reached(self, course: Course, seconds: float) -> Reached:
        # Of targets without a meaning, accuracy and R2 have none either.
        is_known = self._evidence.task.kind != "unknown"
        return _reached(course, seconds, is_known=is_known)


def affordable_steps(evidence: Evidence, seconds: float) -> int:
    """Return the updates of the program that fit into `seconds`, at most its own."""
    course: Course | None = evidence.course
    if course is None or not course.steps:
        return 0
    pace = _pace(evidence)
    evaluation = course.evaluation_seconds / max(1, len(course.evaluations))
    fitting = int((seconds - 2 * evaluation) / pace)
    return max(0, min(course.planned_steps, fitting))


def _pace(evidence: Evidence) -> float:
    """Return the seconds of one of the program's own updates."""
    course: Course | None = evidence.course
    if course is None or not course.steps:
        return 0.0
    return max(course.seconds / course.steps, 1e-6)


def _reached(course: Course, seconds: float, *, is_known: bool) -> Reached:
    error = "" if course.error is None else f"{type(course.error).__name__}: {course.error}"
    if not course.evaluations or course.stop == "error":
        return Reached(error=error or "nothing was evaluated", seconds=seconds)
    last = course.last
    return Reached(
        scores=(_score(last, is_train=False, is_known=is_known),),
        own_scores=((last.val or last.train).metric,),
        train_scores=(_score(last, is_train=True, is_known=is_known),),
        losses=(last.train.loss,),
        has_diverged=course.stop == "diverged",
        steps=course.steps,
        seconds=seconds,
    )


def _score(evaluation: Evaluation, *, is_train: bool, is_known: bool) -> float:
    scores = evaluation.train if is_train else evaluation.val or evaluation.train
    has_own = scores.has_own_metric
    judged = [scores.standard] * is_known + [scores.metric] * (is_known or has_own)
    for value in judged:
        if math.isfinite(value):
            return max(value, _WORST)
    return -scores.loss if math.isfinite(scores.loss) else _WORST
