"""The code of the notes gives what the notes show."""

import doctest
import re
from pathlib import Path

import pytest

NOTES = sorted((Path(__file__).parents[1] / "docs" / "notes").glob("*.md"))


@pytest.mark.parametrize("note", NOTES, ids=lambda path: path.stem)
def test_the_code_of_a_note_gives_what_it_shows(note):
    blocks = re.findall(
        r"^```python\n(.*?)^```", note.read_text("utf-8"), flags=re.M | re.S
    )
    test = doctest.DocTestParser().get_doctest(
        "\n".join(blocks), {}, note.stem, str(note), 0
    )
    messages: list[str] = []

    result = doctest.DocTestRunner(verbose=False).run(test, out=messages.append)

    assert result.failed == 0, "".join(messages)


@pytest.mark.parametrize("note", NOTES, ids=lambda path: path.stem)
def test_every_note_is_short_and_has_code(note):
    text = note.read_text("utf-8")

    assert ">>>" in text
    assert len(text.splitlines()) < 100


def test_batch_norm_results_are_those_of_the_paper():
    text = next(note for note in NOTES if note.stem == "batch-norm-in-practice").read_text()
    rows = {
        cells[0]: cells[1:]
        for line in text.splitlines()
        if len(cells := [cell.strip(" %") for cell in line.strip("|").split("|")]) > 2
    }

    assert rows["BN-Inception ensemble"] == ["20.1", "4.9"]
    assert float(rows["Inception"][1]) / float(rows["BN-x5"][1]) > 14  # "14 times fewer"
    assert float(rows["BN-x30"][0]) == pytest.approx(30 * float(rows["Inception"][0]))
    assert float(rows["BN-x5"][0]) == pytest.approx(5 * float(rows["BN-Baseline"][0]))
    assert sum(name.startswith(("GoogLeNet", "Deep", "BN-Inception")) for name in rows) == 7
