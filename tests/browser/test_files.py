"""What leaves the board: downloads, and reports that open without a network."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    def write(*names: str) -> Path:
        path = tmp_path_factory.mktemp("report") / "report.html"
        runs = [str(root / name) for name in names]
        command = [sys.executable, "-m", "headway", "report", *runs, "--out", str(path)]
        subprocess.run(command, check=True, capture_output=True)
        return path

    return write


def test_a_report_opens_from_disk_with_the_network_off(
    report: Callable[..., Path], new_visit: Callable[..., Any]
) -> None:
    path = report("resnet-20-run")
    assert path.stat().st_size < 3_000_000
    visit = new_visit(path.as_uri(), offline=True)
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    page = visit.open("")
    page.get_by_role("heading", name="resnet-20-run", level=1).wait_for()
    page.get_by_role("img", name="Line chart of Loss").wait_for()
    for part in ("Layers", "Predictions", "Settings", "Record"):
        page.get_by_role("tab", name=part).click()
        page.get_by_role("tabpanel", name=part).wait_for()
    assert [
        url for url in asked if not url.startswith(("data:", "blob:", path.as_uri()))
    ] == []
    assert visit.scan() == []


def test_a_report_of_two_runs_compares_them(
    report: Callable[..., Path], new_visit: Callable[..., Any]
) -> None:
    path = report("resnet-20-run", "plain-56-run")
    page = new_visit(path.as_uri(), offline=True).open("")
    page.get_by_role("heading", name="Compare", level=1).wait_for()
    page.get_by_role("table", name="Settings").wait_for()
    page.get_by_role("link", name="plain-56-run").first.click()
    page.get_by_role("heading", name="plain-56-run", level=1).wait_for()


def test_the_board_hands_out_the_report_of_a_run(visit: Any) -> None:
    page = visit.open("#/run?id=resnet-20-run")
    with page.expect_download() as download:
        page.get_by_role("link", name="Report").click()
    assert "board-data" in download.value.path().read_text()


@pytest.mark.parametrize(
    ("kind", "start"), [("PNG", b"\x89PNG"), ("SVG", b"<svg"), ("CSV", b"")], ids=str
)
def test_a_chart_is_saved(visit: Any, kind: str, start: bytes) -> None:
    page = visit.open("#/run?id=resnet-20-run")
    page.get_by_role("button", name="Save Loss").click()
    with page.expect_download() as download:
        page.get_by_role("dialog").get_by_text(kind).first.click()
    content = download.value.path().read_bytes()
    assert content.removeprefix(b'<?xml version="1.0" encoding="UTF-8"?>\n').startswith(
        start
    )
    assert len(content) > 200
    assert download.value.suggested_filename.endswith(kind.lower())
