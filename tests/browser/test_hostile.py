"""Names, notes and class names with scripts in them are shown and never run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

SCRIPT = "<img src=x onerror=alert(1)>"
ENDING = "</script><script>alert(2)</script>"
FOLDER = "<svg onload=alert(3)>'\"&amp;"
CLASSES = [SCRIPT, ENDING, "javascript:alert(4)", '"><b onmouseover=alert(5)>', "{{6}}"]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, records: Any) -> Path:
    """A folder whose every text wants to be run."""
    root = tmp_path_factory.mktemp("hostile") / "runs"
    run = root / FOLDER
    changes = {"model.name": SCRIPT, "name": ENDING, "data.source": "javascript:alert(7)"}
    records.write_run(run, classes=CLASSES, **changes)
    records.write_predictions(run, classes=CLASSES)
    records.write_layers(run, depth=3)
    (run / "notes.json").write_text(json.dumps({"note": ENDING, "tags": [SCRIPT, "a,b"]}))
    record = records.RunRecord.reopen(run)
    texts = {"cause": SCRIPT, "evidence": ENDING, "remedy": SCRIPT, "layer": ENDING}
    record.event("finding", step=0, severity="error", confidence=0.9, **texts)
    record.log(205, {SCRIPT: 1.0, ENDING: 2.0})
    record.close()
    for lr in (0.1, 0.2, 0.3):
        trial = root / SCRIPT.replace("/", "") / "trials" / f"{FOLDER} {lr}"
        records.write_run(trial, **{"optimizer.lr": lr, "optimizer.name": f"{SCRIPT}{lr}"})
    texts = dict.fromkeys(("title", "claim", "source", "note", "error"), ENDING)
    records.write_finding(root / "lab" / FOLDER, "REPRODUCED", **texts)
    return root


def test_hostile_texts_are_shown_and_never_run(
    hostile: Path, serve: Callable[[Path], Any], new_visit: Callable[..., Any]
) -> None:
    server = serve(hostile)
    visit = new_visit(server.address)
    page = visit.open()
    page.get_by_text(FOLDER, exact=True).first.wait_for()
    ids = page.evaluate(
        "fetch('/api/runs').then((a) => a.json()).then((a) => a.runs.map((r) => r.id))"
    )
    sweeps = page.evaluate(
        "fetch('/api/sweeps').then((a) => a.json()).then((a) => a.sweeps.map((s) => s.id))"
    )
    assert FOLDER in ids
    addresses = [
        ("compare", {"run": ids[:2]}),
        ("sweep", {}),
        ("lab", {}),
        ("lab", {"name": FOLDER}),
    ]
    addresses += [("run", {"id": FOLDER, "tab": tab}) for tab in
                  ("overview", "layers", "predictions", "settings", "record")]  # fmt: skip
    addresses += [("sweep", {"id": each}) for each in sweeps]
    addresses += [("curves", {"run": ids, "metric": [SCRIPT, "train/loss"]})]
    for view, params in addresses:
        fragment = page.evaluate(
            "async (where) => (await import('board/address.js')).href(...where)",
            [view, params],
        )
        visit.open(fragment)
        page.locator("main h1").first.wait_for()
        page.wait_for_timeout(200)
        assert page.locator("main .problem").filter(has_text="Failed").count() == 0
        assert (
            page.locator("[onerror], [onload], [onmouseover], script:not([type])").count()
            == 0
        )
        assert page.locator("a[href^='javascript:']").count() == 0
    page.close()
    server.stop()


def test_a_hostile_run_stays_harmless_in_a_report(
    hostile: Path, new_visit: Callable[..., Any], tmp_path: Path
) -> None:
    from headway.board.report import write_report

    path = tmp_path / "report.html"
    write_report([hostile / FOLDER], path, version="0")
    page = new_visit(path.as_uri(), offline=True).open("")
    page.get_by_role("heading", name=FOLDER, level=1).wait_for()
    assert page.locator("[onerror], [onload], [onmouseover]").count() == 0
