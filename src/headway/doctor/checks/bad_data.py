"""Data that holds no numbers, tells nothing, or is known beforehand."""

import math
from collections.abc import Iterator, Mapping

from headway.doctor.checks.certain import certain
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.probes.data_facts import DataFacts, InputFacts
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.overfit import Overfit
from headway.doctor.progress import progress
from headway.doctor.training import Course

_CAUSE: Cause = "bad_data"
# Ids and yes-or-no answers repeat by nature; measurements and pictures do not.
_FEW_VALUES = 20
_FEW_FEATURES = 3
_LEAK = 0.05
_COPIES = 0.5
_CONFLICTS = 0.05
# Nearby samples have the same target by chance below this many standard deviations.
_TELLS_NOTHING = 3.0
_TELLS = 5.0
# So few samples beside those of the most frequent class have hardly a neighbor of their own.
_FEW_OTHERS = 40
# Accuracy or R2 above a constant answer by so much is learned.
_LEARNED = 0.03
# Share of the way to a perfect metric by which single classes are told apart.
_TOLD = 0.3
# Answers that are drawn like the targets have an R2 of -1.
_WILD = 2.0


def check_bad_data(evidence: Evidence) -> Iterator[Finding]:
    """Find numbers that are none, constant inputs, leaks, copies and conflicts."""
    data: DataFacts | None = evidence.data
    if data is None:
        return
    if not _are_left_out(evidence):
        yield from _not_finite(data)
    yield from _constant(evidence, data)
    yield from _changed_by_reading(data)
    yield from _leaked(data)
    if not _is_discrete(data):
        yield from _repeated(data)


def check_independent_labels(evidence: Evidence) -> Iterator[Finding]:
    """Find targets that have nothing to do with the inputs."""
    data: DataFacts | None = evidence.data
    reached = progress(evidence)
    if data is None or data.train_tells is None or evidence.course is None:
        return
    if data.inputs and all(facts.constant_fraction == 1 for facts in data.inputs):
        return
    if data.class_counts and _others(data) < _FEW_OTHERS:
        return
    least = max(reached.margin, _LEARNED)
    if 1 - reached.dumb <= 2 * least:
        # A constant answer leaves no room for accuracy to tell what else is learned.
        return
    has_learned = reached.metric >= reached.dumb + least
    if not reached.is_known or has_learned or data.train_tells > _TELLS_NOTHING:
        return
    if reached.metric < reached.dumb - _WILD:
        # Targets of chance that are learned by heart cost no more than a guess of each.
        return
    is_in_val = data.val_tells is not None and data.val_tells > _TELLS
    if is_in_val and not data.is_val_train:
        told = (
            f"Targets of nearby inputs agree in the validation data ({data.val_tells:.1f} "
            "standard deviations above chance) and not in the training data "
            f"({data.train_tells:.1f}), and {reached.describe()}."
        )
        yield from _of_labels(
            told, {"label_encoding": 0.9, "bad_data": 0.6}, can_learn=True
        )
        return
    if reached.good > reached.dumb + reached.margin:
        return
    fits = reached.train_metric > reached.metric + max(2 * reached.margin, 0.1)
    told = (
        "Nothing tells the targets from the inputs: targets of nearby training inputs agree "
        f"{data.train_tells:.1f} standard deviations above chance, and {reached.describe()}; "
        f"on the training data it has {reached.train_metric:.3g}."
    )
    overfit: Overfit | None = evidence.overfit
    can_learn = fits or (overfit is not None and overfit.is_possible)
    likely: dict[Cause, float] = {"bad_data": 0.6, "label_encoding": 0.5}
    yield from _of_labels(told, likely, can_learn=can_learn)


def _others(data: DataFacts) -> int:
    """Return how many samples do not belong to the most frequent class."""
    return sum(data.class_counts.values()) - max(data.class_counts.values())


def _of_labels(
    told: str, likely: Mapping[Cause, float], *, can_learn: bool
) -> Iterator[Finding]:
    """Shuffled targets and those of chance look the same: both are said.

    A network that learns targets by heart, and nothing of new ones that are as near, leaves
    no other explanation.
    """
    remedies: dict[Cause, str] = {
        "label_encoding": "Check that each target belongs to its input.",
        "bad_data": "Check whether the inputs can tell the targets at all.",
    }
    for cause, confidence in likely.items():
        yield Finding(
            cause=cause,
            severity="error" if can_learn else "warning",
            confidence=confidence,
            evidence=told,
            remedy=remedies[cause],
            code="x, y = x[order], y[order]  # the same order for both",
            check="independent_labels",
            is_certain=can_learn,
        )


def _are_left_out(evidence: Evidence) -> bool:
    """Whether the program knows what to do with numbers that are none.

    A mask in the loss or the network keeps them from all losses; whoever does not mean it has
    a loss that is no number.
    """
    course: Course | None = evidence.course
    if course is None or course.stop != "done" or not course.losses:
        return False
    scores = (course.last.train, course.last.val or course.last.train)
    return all(map(math.isfinite, (*course.losses, *(part.loss for part in scores))))


def _not_finite(data: DataFacts) -> Iterator[Finding]:
    named = [("input", facts) for facts in data.inputs]
    if data.targets is not None:
        named.append(("target", data.targets))
    for name, facts in named:
        if facts.bad_fraction > 0:
            yield certain(
                _CAUSE,
                f"{_share(facts.nan_fraction)} of the numbers in the {name}s are NaN and "
                f"{_share(facts.inf_fraction)} infinite, in {data.samples} samples.",
                "Drop these samples, or fill in the mean of the feature.",
                code="x = torch.nan_to_num(x)",
            )
            return
    for facts in data.val_inputs:
        if facts.bad_fraction > 0:
            yield certain(
                _CAUSE,
                f"{_share(facts.bad_fraction)} of the numbers in the validation inputs are "
                "NaN or infinite.",
                "Drop these samples, or fill in the mean of the feature.",
                code="x = torch.nan_to_num(x)",
            )
            return


def _share(fraction: float) -> str:
    return f"{fraction:.1%}" if fraction >= 0.001 or fraction == 0 else f"{fraction:.1e}"


def _constant(evidence: Evidence, data: DataFacts) -> Iterator[Finding]:
    if data.samples < 2:
        return
    if data.inputs and all(facts.constant_fraction == 1 for facts in data.inputs):
        yield certain(
            _CAUSE,
            f"All {data.samples} training inputs are equal.",
            "Check how the inputs are read.",
        )
    targets = data.targets
    # Targets without meaning belong to an update that makes its own.
    is_told = evidence.task.kind not in ("values", "unknown")
    has_meaning = evidence.program.step is None and is_told
    is_one = (
        targets is not None and targets.constant_fraction == 1 and targets.distinct == 1
    )
    is_meant = _knows_one_class(evidence, data)
    if targets is not None and has_meaning and is_one and not is_meant:
        yield certain(
            _CAUSE,
            f"All {data.samples} training targets are {targets.low:g}.",
            "Check how the targets are read.",
        )


def _knows_one_class(evidence: Evidence, data: DataFacts) -> bool:
    """Whether a network that saw a single class finds what is not of it.

    That is what looks for the unusual: its own metric tells new samples of several classes
    apart, better than a constant answer and than before the training.
    """
    course: Course | None = evidence.course
    first: FirstBatch | None = evidence.first_batch
    told = first.metric if first is not None else None
    if course is None or not course.evaluations or told is None:
        return False
    begun, ended = course.evaluations[0].val, course.last.val
    if begun is None or ended is None or not ended.has_own_metric:
        return False
    if len(data.val_class_counts) < 2:
        return False
    least = max(told.constant, (told.right + told.wrong) / 2)
    is_told = ended.metric - least > _TOLD * (told.right - least) > 0
    return told.is_agreed and is_told and ended.metric > begun.metric


def _changed_by_reading(data: DataFacts) -> Iterator[Finding]:
    """A transform that works in place on what the data set keeps."""
    reads = data.reads
    if not reads.drift:
        return
    sizes = ", ".join(f"{size:.3g}" for size in reads.drift)
    yield certain(
        _CAUSE,
        f"The {reads.what} of the same training samples change each time they are read, with "
        f"the same random numbers: in {len(reads.drift)} reads their size is {sizes} (root of "
        "the mean square). Something changes the stored data in place.",
        "Return a copy from the data set, without operations that work in place.",
        code="x = (x - mean) / std  # not x.sub_(mean).div_(std), nor x -= mean",
    )


def _is_discrete(data: DataFacts) -> bool:
    """Whether equal inputs are natural: few values, few features, or ids."""
    return all(_has_few_values(facts) for facts in data.inputs)


def _has_few_values(facts: InputFacts) -> bool:
    entries = 1
    for size in facts.shape:
        entries *= size
    return facts.distinct <= _FEW_VALUES or (
        not facts.is_floating_point and entries <= _FEW_FEATURES
    )


def _leaked(data: DataFacts) -> Iterator[Finding]:
    """Validation samples known from training, more than samples are alike by nature."""
    if data.leaked >= _LEAK and not data.is_val_train:
        yield certain(
            _CAUSE,
            f"{data.val_in_train:.0%} of the validation samples are in the training data too, "
            "so that the validation metric says little about new data.",
            "Split the data before anything is copied or augmented, and by group.",
            code="train, val = torch.utils.data.random_split(data, [0.8, 0.2])",
        )


def _repeated(data: DataFacts) -> Iterator[Finding]:
    if data.conflicts >= _CONFLICTS:
        yield Finding(
            cause=_CAUSE,
            severity="warning",
            confidence=0.6,
            evidence=(
                f"{data.conflicts:.0%} of the training inputs occur again with another target."
            ),
            remedy="Keep one target for each input.",
            check=_CAUSE,
        )
    elif data.copies >= _COPIES:
        yield Finding(
            cause=_CAUSE,
            severity="warning",
            confidence=0.4,
            evidence=f"{data.copies:.0%} of the training samples are copies of others.",
            remedy="Drop the copies.",
            check=_CAUSE,
        )
