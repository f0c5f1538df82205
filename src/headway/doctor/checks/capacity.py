"""The network is too small for what it has to learn."""

import math
from collections.abc import Iterator

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.bypassed import NARROW
from headway.doctor.probes.flow import FlowFacts
from headway.doctor.progress import Progress, progress

# Nobody means a single unit to carry everything.
_SINGLE = 0.8


def check_capacity(evidence: Evidence) -> Iterator[Finding]:
    """Find a layer of a unit or two, or a training fit no better than a linear model's."""
    reached = progress(evidence)
    if evidence.course is None or not reached.is_known:
        return
    narrow = _narrowest(evidence)
    is_single = narrow is not None and narrow[1] == 1
    # A single unit of a program that is no better than cheap answers is said at least.
    is_no_better = reached.metric <= reached.good + reached.margin
    is_doubtful = is_single and is_no_better and reached.has_room
    if not (reached.is_poor or is_doubtful) or (reached.fits_train and not is_doubtful):
        return
    if narrow is not None:
        name, width = narrow
        yield Finding(
            cause="capacity",
            severity="error" if reached.is_poor else "warning",
            confidence=_SINGLE if is_single else 0.6,
            evidence=(
                f"Layer {name} has {width} unit{'s' if width > 1 else ''}, through which all "
                f"must pass, and {reached.describe()}."
            ),
            remedy="Make the layer wider, 32 units for a start.",
            layer=name,
            check="capacity",
        )
    elif _is_like_linear(reached):
        yield Finding(
            cause="capacity",
            severity="error",
            confidence=0.3,
            evidence=(
                f"The training data is fitted to {reached.train_metric:.3g}, about as by a "
                f"linear model ({reached.linear:.3g}), and {reached.describe()}."
            ),
            remedy="Make the network wider or deeper.",
            check="capacity",
        )


def _is_like_linear(reached: Progress) -> bool:
    has_room = reached.good > reached.linear + 2 * reached.margin
    is_close = abs(reached.train_metric - reached.linear) <= 2 * reached.margin
    return math.isfinite(reached.linear) and has_room and is_close


def _narrowest(evidence: Evidence) -> tuple[str, int] | None:
    """Return the narrowest hidden layer with a weight of its own, if it is a bottleneck.

    It is none where something passes beside it, such as what a score of attention weighs.
    """
    flow: FlowFacts | None = evidence.flow
    head = flow.head if flow is not None else None
    weights = [
        (name.removesuffix(".weight"), parameter)
        for name, parameter in evidence.program.model.named_parameters()
        if parameter.dim() in (2, 4) and name.endswith("weight")
    ]
    hidden = [
        (len(weight), name)
        for name, weight in weights[:-1]
        if len(weight) <= NARROW < weight[0].numel()
        # A slow copy of the network may come behind what gives the answer.
        and (head is None or name != head.name)
        and (flow is None or name not in flow.bypassed)
    ]
    if not hidden:
        return None
    width, name = min(hidden)
    return name, width
