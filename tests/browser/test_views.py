"""Every view opens on real records, complains about nothing and is accessible."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

VIEWS = {
    "runs": "#/runs",
    "curves": "#/curves?run=mlp-seed-0&run=mlp-seed-1&run=mlp-seed-2&metric=train/loss",
    "run": "#/run?id=resnet-20-run",
    "layers of a run": "#/run?id=resnet-20-run&tab=layers",
    "predictions of a run": "#/run?id=resnet-20-run&tab=predictions",
    "settings of a run": "#/run?id=resnet-20-run&tab=settings",
    "record of a run": "#/run?id=resnet-20-run&tab=record",
    "diverged run": "#/run?id=plain-56-run",
    "compare": "#/compare?run=resnet-20-run&run=plain-56-run",
    "sweeps": "#/sweep",
    "sweep": "#/sweep?id=tuned",
    "lab": "#/lab",
    "claim": "#/lab?name=degradation",
}


@pytest.mark.parametrize("fragment", VIEWS.values(), ids=VIEWS)
def test_a_view_opens_and_is_accessible_in_light_and_dark(
    visit: Any, fragment: str
) -> None:
    page = visit.open(fragment)
    page.get_by_role("heading", level=1).first.wait_for()
    page.wait_for_timeout(150)  # drawings follow the headings
    assert page.locator(".problem").count() == 0
    assert visit.scan() == []
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
    assert visit.scan() == []


def test_the_help_lists_the_keys_and_is_accessible(visit: Any) -> None:
    page = visit.open()
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    assert visit.scan() == []
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()


def test_an_empty_folder_says_what_to_run(
    tmp_path: Path, serve: Callable[[Path], Any], new_visit: Callable[..., Any]
) -> None:
    server = serve(tmp_path)
    visit = new_visit(server.address)
    page = visit.open()
    page.get_by_text("headway train").first.wait_for()
    assert visit.scan() == []
    for view, words in (("sweep", "headway tune"), ("lab", "headway lab run")):
        page.goto(f"{server.address}#/{view}")
        page.get_by_text(words).first.wait_for()
        assert visit.scan() == []
    page.close()
    server.stop()


def test_an_unknown_run_is_said_to_be_unknown(visit: Any) -> None:
    page = visit.open("#/run?id=nothing")
    assert "nothing" in page.get_by_role("alert").first.inner_text()
    assert all("404" in each or "there is no run" in each for each in visit.problems)
    visit.problems.clear()


def test_a_wide_wall_and_a_small_laptop_scroll_nothing_sideways(visit: Any) -> None:
    for fragment in VIEWS.values():
        page = visit.open(fragment)
        page.get_by_role("heading", level=1).first.wait_for()
        for width in (1024, 3840):
            page.set_viewport_size({"width": width, "height": 700})
            page.wait_for_function(
                "(width) => document.documentElement.scrollWidth <= width", arg=width
            )
