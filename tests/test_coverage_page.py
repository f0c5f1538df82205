"""docs/coverage.md: every item of the lectures, where it is, and the test that can fail."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "coverage.md"

NUMBERED = {
    "A": 20,
    "P": 8,
    "I": 30,
    "N": 21,
    "G": 13,
    "R": 19,
    "V": 16,
    "E": 7,
    "C-": 9,
    "Q": 31,
    "O": 10,
    "H": 10,
    "M": 5,
    "T": 6,
    "D": 11,
    "X": 27,
}
NETWORKS = (
    "lenet alexnet vgg-19 vgg-16 vgg-13 googlenet prelu-net bn-inception deep-image plain-34 "
    "resnet-34 resnet-50-101-152 resnet-ensemble resnet32 cifar-resnets example-convnet "
    "spectrum revolution"
)
FIGURES = ("F-S0", "F-S1", "F-S2", "F-S3", "F-S4")
IDS = {
    f"{letter}{number}"
    for letter, last in NUMBERED.items()
    for number in range(1, last + 1)
}
IDS |= {f"Z-{name}" for name in NETWORKS.split()} | set(FIGURES)

# Questions, figures and names that the lectures only mention; all else states or counts.
MENTIONED = {
    *("A18", "P8", "I2", "I21", "I22", "I24", "I25", "I26", "I27", "I28", "I29"),
    *("N14", "N20", "G9", "R14", "R17", "R18", "R19", "V9", "V14", "V15", "V16"),
    *("Q13", "Q26", "Q29", "Q31", "M5", *FIGURES),
    *(f"D{number}" for number in range(1, 12)),
    *(f"Z-{name}" for name in ("deep-image", "resnet-ensemble", "spectrum", "revolution")),
}


def rows() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 4 and cells[0] in IDS:
            assert cells[0] not in found, f"{cells[0]} has two rows"
            found[cells[0]] = cells[1:]
    return found


ROWS = rows() if PAGE.exists() else {}


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def exists(target: str) -> bool:
    """Whether a dotted name can be imported, or a path of the repository is there."""
    if "/" in target or target.endswith(".md"):
        return (ROOT / target).exists()
    module, parts = target, []
    while module:
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError:
            module, _, last = module.rpartition(".")
            parts.insert(0, last)
            continue
        for part in parts:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def test_every_item_has_a_row():
    assert sorted(IDS - ROWS.keys()) == []


@pytest.mark.parametrize("item", sorted(ROWS))
def test_what_a_row_points_at_exists(item):
    targets = names(ROWS[item][1])

    assert targets or item in MENTIONED
    assert [target for target in targets if not exists(target)] == []


@pytest.mark.parametrize("item", sorted(ROWS))
def test_the_test_of_a_row_exists(item):
    tests = names(ROWS[item][2])

    assert tests or item in MENTIONED
    for test in tests:
        path, _, function = test.partition("::")
        assert re.search(rf"def {function}\b", (ROOT / path).read_text()), test
