"""What a run writes is on an open page within two seconds."""

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

SECONDS = 2.0


def test_a_new_run_and_its_new_points_appear_in_the_table(
    tmp_path: Path,
    records: Any,
    serve: Callable[[Path], Any],
    new_visit: Callable[..., Any],
) -> None:
    records.write_run(tmp_path / "old")
    server = serve(tmp_path)
    page = new_visit(server.address).open()
    page.get_by_role("link", name="old", exact=True).wait_for()
    time.sleep(1.0)  # a page that is open, not one that opens

    with contextlib.closing(records.start_run(tmp_path / "young")) as record:
        row = page.get_by_role("row").filter(has_text="young")
        for step in (40, 80, 120):
            started = time.monotonic()
            records.log_step(record, step, loss=0.4 - step / 1000, accuracy=0.5)
            row.get_by_text(f"{0.4 - step / 1000:.4f}").first.wait_for()
            assert time.monotonic() - started < SECONDS
            assert row.get_by_text("running").is_visible()
        record.event("finished", step=120, epoch=3.0, values={})
        row.get_by_text("done").wait_for(timeout=1000 * SECONDS)
    page.close()
    server.stop()


def test_a_new_point_reaches_the_open_chart_of_a_run(
    records: Any, going: tuple[Any, Any]
) -> None:
    page, record = going
    page.get_by_role("img", name="Line chart of Loss").wait_for()
    time.sleep(1.0)
    records.log_step(record, 15, loss=1.234, accuracy=0.1)
    page.get_by_role("img", name="1.234").first.wait_for(timeout=1000 * SECONDS)


def test_a_board_that_is_gone_is_said_to_be_gone_and_found_again(
    tmp_path: Path,
    records: Any,
    serve: Callable[[Path], Any],
    new_visit: Callable[..., Any],
) -> None:
    records.write_run(tmp_path / "old")
    server = serve(tmp_path)
    visit = new_visit(server.address)
    page = visit.open()
    page.get_by_text("Live").wait_for()
    server.stop()
    page.get_by_text("Connection lost").wait_for()
    page.close()
    visit.problems.clear()  # the browser itself complains about the lost connection


def test_a_new_trial_and_a_new_verdict_appear(
    tmp_path: Path,
    records: Any,
    serve: Callable[[Path], Any],
    new_visit: Callable[..., Any],
) -> None:
    records.write_tuning(tmp_path / "tuned")
    records.write_finding(tmp_path / "lab" / "fixup", "NOT RUN")
    server = serve(tmp_path)
    page = new_visit(server.address).open("#/sweep?id=tuned")
    page.get_by_role("link", name="coarse-00000000").wait_for()
    slider = page.get_by_role("slider", name="optimizer.lr from")
    slider.focus()
    time.sleep(1.0)
    trial = tmp_path / "tuned" / "trials" / "coarse-000000ff"
    records.write_run(trial, reached=0.5, **{"optimizer.lr": 0.3})
    page.get_by_role("link", name="coarse-000000ff").wait_for(timeout=1000 * SECONDS)
    assert slider.evaluate("(element) => element === document.activeElement")

    page.goto(server.address + "#/lab")
    page.get_by_role("button", name="Not run 1").wait_for()
    changes = {"verdict": "REPRODUCED", "name": "fixup", "claim": "It works.", "seeds": [0]}
    folder = tmp_path / "lab" / "fixup"
    kept = json.loads((folder / "finding.json").read_text())
    (folder / "finding.json").write_text(json.dumps({**kept, **changes}))
    page.get_by_role("button", name="Reproduced 1").wait_for(timeout=8000)
    page.close()
    server.stop()
