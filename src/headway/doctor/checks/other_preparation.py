"""Validation inputs that are prepared in another way than training inputs."""

import math
from collections.abc import Iterator

from headway.doctor.checks.certain import certain
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.probes.data_facts import DataFacts
from headway.doctor.probes.other_inputs import OtherInputs
from headway.doctor.progress import Progress, progress

# The change has to win back at least half of what is lost on new samples, and that has to be
# more than chance and than what test-time normalization wins in healthy networks.
_WON_BACK = 0.5
_LEAST = 0.1
_WORTHLESS = -1.0


def check_other_preparation(evidence: Evidence) -> Iterator[Finding]:
    """Find a trained network that answers better to changed validation inputs."""
    asked: OtherInputs | None = evidence.other_inputs
    reached = progress(evidence)
    if asked is None or not asked.best:
        return
    best = asked.changed[asked.best]
    # A network that has learned nothing answers nothing better, only otherwise.
    learned = min(best - reached.dumb, reached.train_metric - _constant(evidence, reached))
    if not learned > max(_LEAST, reached.margin):
        return
    own = max(asked.own, _WORTHLESS)
    if not math.isfinite(best + own) or best - own < max(_LEAST, reached.margin):
        return
    if best - own < _WON_BACK * (reached.train_metric - own):
        return
    is_of_scale = "deviation" in asked.best
    cause: Cause = "input_scale" if is_of_scale or "inverted" in asked.best else "bad_data"
    yield certain(
        cause,
        f"The trained network reaches {reached.train_metric:.3g} on the training data and "
        f"{asked.own:.3g} on the validation data, and {best:.3g} where the same validation "
        f"inputs are {asked.best}: they are prepared in another way than the training inputs.",
        "Prepare training and validation inputs by the same function, with the same numbers.",
        code=(
            "mean, std = x_train.mean(dim=0), x_train.std(dim=0)\n"
            "x_train, x_val = (x_train - mean) / std, (x_val - mean) / std"
        )
        if is_of_scale
        else "train_set, val_set = Images(train, prepare), Images(val, prepare)",
    )


def _constant(evidence: Evidence, reached: Progress) -> float:
    """Return what a constant answer reaches on the training data, of one class everything."""
    data: DataFacts | None = evidence.data
    counts = data.class_counts if data is not None else {}
    share = max(counts.values(), default=0) / max(1, sum(counts.values()))
    return max(reached.dumb, share)
