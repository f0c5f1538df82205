"""Samples that come in an order which makes consecutive updates contradict each other."""

from collections.abc import Iterator

from headway.doctor.checks.certain import certain
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.batch_order import OrderFacts
from headway.doctor.probes.updates import Updates

# Batches that are at least half way from mixed at random to one class each hold blocks; a
# few samples of another class at the border of a block leave far more.
_BLOCKS = 0.5
# Values that are sorted: nearly all variance lies between batches, and it has one direction.
_BETWEEN = 0.8
_SORTED = 0.95
# The same few batches of a random order cannot be told from blocks below this.
_LEAST_BATCHES = 3
_CODE = "loader = DataLoader(train_set, batch_size=batch_size, shuffle=True)"


def check_shuffle(evidence: Evidence) -> Iterator[Finding]:
    """Find labels in blocks, sorted values and the same batch again and again."""
    updates: Updates | None = evidence.updates
    if updates is None or updates.order is None:
        return
    order = updates.order
    if len(order.batch_sizes) < _LEAST_BATCHES:
        return
    if order.distinct == 1:
        yield certain(
            "shuffle",
            f"all {len(order.batch_sizes)} batches that were looked at are the same.",
            "Go through the loader in a loop, instead of taking its first batch each time.",
            code="for x, y in loader: ...",
        )
    elif order.block_share > _BLOCKS:
        yield _blocks(order)
    elif order.between > _BETWEEN and abs(order.trend) > _SORTED:
        yield Finding(
            cause="shuffle",
            severity="error",
            confidence=0.7,
            evidence=(
                f"targets are sorted: {order.between:.0%} of their variance lies between "
                f"batches, whose means have a correlation of {order.trend:.2f} with their "
                "place."
            ),
            remedy="Shuffle the training samples.",
            code=_CODE,
            check="shuffle",
        )


def _blocks(order: OrderFacts) -> Finding:
    evidence = (
        f"labels come in blocks: the most frequent class has {order.purity:.0%} of a batch "
        f"on average, where mixed batches of that size have {order.chance_purity:.0%}."
    )
    return certain("shuffle", evidence, "Shuffle the training samples.", code=_CODE)
