"""Whether a program's own training comes to anything, next to answers without a network."""

import math
from dataclasses import dataclass, replace

from headway.doctor.evidence import Evidence
from headway.doctor.own_metric import learns_by_own
from headway.doctor.probes.baselines import Baselines
from headway.doctor.probes.data_facts import DataFacts
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.training import Course

# A metric is told from another by this many standard errors of the samples it is taken on.
_ERRORS = 2.5
# Shares of the way from the dumb to the good baseline: less than the first is no progress,
# less than the second is clearly below what needs no network.
_STUCK = 0.1
_POOR = 0.85
# Less of a baseline's gain than this tells nothing about a program: labels may be noise.
_LEAST_GAIN = 0.04
# R2 of targets without a baseline above this is not below the mean.
_WORSE_THAN_MEAN = -0.1
# Share of the way from the dumb baseline to a perfect answer that must be left for a change
# to be worth a search: what a mended fault wins as a rule.
_ROOM = 0.1
# Updates before a program that was cut short by the budget can be called stuck.
_FAIR_STEPS = 200


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far the program's own training got, by accuracy or R2 (`Scores.standard`).

    Attributes:
        metric: Where it ended, on the validation data or else on the training data.
        train_metric: Where it ended on the training data.
        start: Where it began, on the same part as `metric`.
        dumb: What a constant answer reaches.
        good: What the best of a linear model and the nearest samples reach, at least `dumb`.
        linear: What the linear model alone reaches, or NaN.
        margin: How far two metrics must be apart to differ.
        is_known: Whether there is something to judge by.
        is_complete: Whether the program came to its own end; otherwise it is judged mildly.
        has_diverged: Whether the loss became no number.
        is_of_new: Whether it is judged by samples that it was not trained on.
    """

    metric: float = math.nan
    train_metric: float = math.nan
    start: float = math.nan
    dumb: float = math.nan
    good: float = math.nan
    linear: float = math.nan
    margin: float = 0.0
    is_known: bool = False
    is_complete: bool = False
    has_diverged: bool = False
    is_of_new: bool = False

    @property
    def relative(self) -> float:
        """Share of the way from the dumb to the good baseline; NaN where there is no way."""
        way = self.good - self.dumb
        if not self.is_known or not way >= max(_LEAST_GAIN, self.margin):
            return math.nan
        return (self.metric - self.dumb) / way

    @property
    def is_stuck(self) -> bool:
        """Whether it is no better than a constant answer, though the input tells more.

        A program that fits its training data is not stuck: it fails to generalize.
        """
        if self.has_diverged:
            return True
        if not self.is_known:
            return False
        if not math.isfinite(self.metric):
            return True
        if math.isnan(self.relative):
            return self.metric < self.dumb - max(self.margin, -_WORSE_THAN_MEAN)
        learned = max(self.metric, self.train_metric)
        return learned < self.dumb + max(_STUCK * (self.good - self.dumb), self.margin)

    @property
    def is_poor(self) -> bool:
        """Whether it is stuck, or clearly below what a linear model or a neighbor reaches."""
        if self.is_stuck:
            return True
        if not self.is_known or not self.is_complete or math.isnan(self.relative):
            return False
        return self.relative < _POOR and self.metric < self.good - self.margin

    @property
    def is_fine(self) -> bool:
        """Whether it can be judged and is not poor."""
        return self.is_known and not self.is_poor

    @property
    def is_behind(self) -> bool:
        """Whether it came to its end clearly below what needs no network, poor or not."""
        return self.is_known and self.is_complete and self.metric < self.good - self.margin

    @property
    def has_room(self) -> bool:
        """Whether other settings could clearly do better, for all that is known.

        A better fit of samples that were seen is always to be had, and says nothing.
        """
        is_judged = self.is_known and self.is_complete and self.is_of_new
        return is_judged and 1 - self.metric > max(_ROOM * (1 - self.dumb), self.margin)

    @property
    def fits_train(self) -> bool:
        """Whether the training data is fitted as well as any baseline does other data."""
        return self.is_known and self.train_metric >= self.good - self.margin

    def describe(self) -> str:
        """Return the numbers in half a sentence, for the evidence of a finding."""
        if self.has_diverged:
            return "the loss became no number"
        if not self.is_known:
            return "how far it gets is not known"
        return (
            f"it reaches {self.metric:.3g}, where a constant answer has {self.dumb:.3g} "
            f"and the best answer without a network {self.good:.3g}"
        )


def progress(evidence: Evidence) -> Progress:
    """Judge the program's own training by the sections `baselines` and `course`."""
    course: Course | None = evidence.course
    baselines: Baselines | None = evidence.baselines
    if course is None or not course.evaluations:
        return Progress()
    has_diverged = course.stop == "diverged"
    first, last = course.evaluations[0], course.last
    metric = (last.val or last.train).standard
    has_baselines = baselines is not None and math.isfinite(baselines.dumb)
    if baselines is None or not has_baselines or course.stop == "error":
        return Progress(
            metric=metric, train_metric=last.train.standard, has_diverged=has_diverged
        )
    is_complete = course.stop == "done"
    reached = Progress(
        metric=metric,
        train_metric=last.train.standard,
        start=(first.val or first.train).standard,
        dumb=baselines.dumb,
        good=max(baselines.good, baselines.dumb),
        linear=baselines.learned.get("linear", math.nan),
        margin=_ERRORS * baselines.standard_error,
        is_known=is_complete or has_diverged or course.steps >= _FAIR_STEPS,
        is_complete=is_complete,
        has_diverged=has_diverged,
        is_of_new=last.val is not None,
    )
    is_other = not has_diverged and _is_about_another_question(evidence, course, reached)
    return replace(reached, is_known=False) if is_other else reached


def _is_about_another_question(
    evidence: Evidence, course: Course, reached: Progress
) -> bool:
    """Whether accuracy or R2 of the targets is not what the program is meant to reach.

    An update that ignores targets learns something else, and so does a program that these
    cannot judge, or judge to be poor while its own metric shows that it learns.
    """
    scores = course.last.val or course.last.train
    first: FirstBatch | None = evidence.first_batch
    if first is not None and not first.reads_targets:
        # Who names accuracy or R2 means the targets, of which nothing is learned.
        return not (isinstance(evidence.program.metric, str) and reached.is_stuck)
    if math.isnan(reached.metric) and math.isfinite(scores.loss):
        return True
    if _is_free_of_values(evidence, first) or _is_of_one_class(evidence):
        return True
    told = first.metric if first is not None else None
    # Where a constant answer is as good, accuracy tells nothing, poor or not.
    is_low = reached.metric <= reached.dumb + reached.margin
    is_open = told is not None and (reached.is_poor or is_low)
    if told is None or not is_open or not math.isfinite(scores.metric):
        return False
    if reached.is_poor and told.right < scores.metric:
        return True
    return is_low and learns_by_own(evidence)


def _is_free_of_values(evidence: Evidence, first: FirstBatch | None) -> bool:
    """Whether the loss takes shifted values for as good, so that R2 says nothing."""
    facts = first.facts if first is not None else None
    if facts is None or not facts.is_same_for_all:
        return False
    return evidence.task.kind == "values" and not isinstance(evidence.program.metric, str)


def _is_of_one_class(evidence: Evidence) -> bool:
    """Whether new samples are of classes that the training does not have."""
    data: DataFacts | None = evidence.data
    return data is not None and len(data.class_counts) == 1 < len(data.val_class_counts)
