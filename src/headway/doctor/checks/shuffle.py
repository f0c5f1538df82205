"""Samples that come in an order which makes consecutive updates contradict each other."""

import math
from collections.abc import Iterator

from torch import Tensor

from headway.doctor.checks.certain import certain
from headway.doctor.evidence import Evidence
from headway.doctor.examples import Examples
from headway.doctor.finding import Finding
from headway.doctor.probes.batch_order import OrderFacts
from headway.doctor.probes.data_facts import DataFacts
from headway.doctor.probes.updates import Updates

# Batches that are at least half way from mixed at random to one class each hold blocks; a
# few samples of another class at the border of a block leave far more.
_BLOCKS = 0.5
# Values that are sorted: nearly all variance lies between batches, and it has one direction.
_BETWEEN = 0.8
_SORTED = 0.95
# The same few batches of a random order cannot be told from blocks below this.
_LEAST_BATCHES = 3
# Share of the validation samples that are of another kind than the training samples: where
# the training data is sorted, which has far fewer changes of class than chance, and where not.
_SPLIT, _SURE_SPLIT = 0.3, 0.8
_SORTED_FILE = 0.2
_NAMED = 3
# Weights of so few of the samples are those of something else.
_FEW_DRAWN = 0.5
_CODE = "loader = DataLoader(train_set, batch_size=batch_size, shuffle=True)"


def check_shuffle(evidence: Evidence) -> Iterator[Finding]:
    """Find labels in blocks, sorted values and the same batch again and again."""
    yield from _split_in_order(evidence.data)
    yield from _drawn_from_few(evidence.program.train)
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


def _drawn_from_few(train: Examples) -> Iterator[Finding]:
    """A sampler that was given the weights of the classes, and draws as many samples only."""
    weights = getattr(getattr(train.source, "sampler", None), "weights", None)
    if not isinstance(weights, Tensor):
        return
    drawn, total = int((weights > 0).sum()), train.num_samples
    if len(weights) < _FEW_DRAWN * total:
        yield certain(
            "shuffle",
            f"The sampler has {len(weights)} weights for {total} samples: only the first "
            f"{drawn} are ever drawn, again and again.",
            "Give the sampler a weight for each sample: that of its class.",
            code="sampler = WeightedRandomSampler(class_weights[targets], len(targets))",
        )


def _split_in_order(data: DataFacts | None) -> Iterator[Finding]:
    """Validation classes that training has few of, as where the end of a file was taken."""
    if data is None or not data.class_counts or not data.val_class_counts:
        return
    train, val = data.class_counts, data.val_class_counts
    num_train, num_val = sum(train.values()), sum(val.values())
    kinds = train.keys() | val.keys()
    apart = [val.get(k, 0) / num_val - train.get(k, 0) / num_train for k in kinds]
    share = sum(max(gap, 0.0) for gap in apart)
    # Where training was made uneven on purpose, validation has all classes all the same.
    absent = sum(n for k, n in train.items() if not val.get(k, 0)) / num_train
    # Shares of a few samples are off by chance.
    least = _SPLIT + 0.5 * math.sqrt(len(kinds) / num_val)
    is_sorted = data.mixed < _SORTED_FILE
    if absent < _SPLIT or share < (least if is_sorted else max(least, _SURE_SPLIT)):
        return
    order = "in the order of the classes" if is_sorted else "in a certain order"
    told = (
        f"{share:.0%} of the validation samples are of classes beyond their share in the "
        f"training data, which is stored {order}: the data was not shuffled before it was "
        f"split. Training has {_counted(train)}, validation {_counted(val)}."
    )
    yield certain(
        "shuffle",
        told,
        "Shuffle the samples before they are split, or split each class by itself.",
        code="x_train, x_val, y_train, y_val = train_test_split(x, y, stratify=y)",
    )


def _counted(counts: dict[int, int]) -> str:
    most = sorted(counts, key=lambda k: -counts[k])[:_NAMED]
    listed = ", ".join(f"{counts[k]} of class {k}" for k in most)
    return listed + (", ..." if len(counts) > _NAMED else "")


def _blocks(order: OrderFacts) -> Finding:
    evidence = (
        f"labels come in blocks: the most frequent class has {order.purity:.0%} of a batch "
        f"on average, where mixed batches of that size have {order.chance_purity:.0%}."
    )
    return certain("shuffle", evidence, "Shuffle the training samples.", code=_CODE)
