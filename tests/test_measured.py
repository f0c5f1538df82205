"""The committed figures say what the documents claim of them."""

import re
from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"


def table(name: str, title: str) -> dict[str, list[str]]:
    """Return the rows of a committed table by their first cell."""
    text = (RESULTS / f"{name}.md").read_text()
    part = text.split(f"## {title}", 1)[1].split("\n## ", 1)[0]
    rows = [
        line.strip("| ").split("|") for line in part.splitlines() if line.startswith("|")
    ]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}


@pytest.mark.parametrize(
    ("shape", "kernel", "best"),
    [("8 x 16 channels to 16", "3x3", "direct"), ("1 x 1 channels to 1", "31x31", "FFT")],
)
def test_small_kernels_are_faster_directly_and_large_ones_by_fourier(shape, kernel, best):
    assert table("convolution", shape)[kernel][-1] == best


def test_segments_of_a_thousand_layers_keep_a_hundredth_of_the_activations():
    rows = table("depth_memory", "resnet-1202")
    saved = {
        mode: float(re.sub("[^0-9.]", "", cells[3]))
        for mode, cells in rows.items()
        if mode in ("store", "sqrt")
    }

    assert saved["sqrt"] < 0.02 * saved["store"]


@pytest.mark.parametrize("answer", ["first table", "overlay of 50 runs"])
def test_the_board_answers_within_a_second(answer):
    # The time of the processor: the machine of the measurement had other work as well.
    assert float(table("board", "Time to answer")[answer][2].replace(",", "")) < 1000


def test_the_board_keeps_to_its_memory():
    most = table("board", "Most memory")
    assert float(most["after the overlay of 500 runs"][0]) < 400
