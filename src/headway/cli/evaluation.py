"""What `headway evaluate` says."""

from headway.jobs import Evaluation
from headway.terminal import confusions, count, main_first, metric

_PART = {"test": "test part", "all": "all of it"}


def evaluation_rows(found: Evaluation) -> list[list[str]]:
    """Return labels and texts, a row each."""
    samples = f"{count(found.num_samples)} samples"
    rows = [["data", f"{found.source}, {_PART.get(found.split, found.split)}, {samples}"]]
    rows += [[name, metric(name, found.values[name])] for name in main_first(found.values)]
    rows += [["confused", pair] for pair in confusions(found.classes, found.confusion)]
    if found.test_accesses > 1:
        looks = f"looked at {count(found.test_accesses)} times"
        rows.append(
            ["test part", f"{looks}; what is chosen by looking is no longer tested"]
        )
    return rows
