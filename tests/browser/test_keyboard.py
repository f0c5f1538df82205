"""The board without a mouse."""

from typing import Any

import pytest

pytestmark = pytest.mark.browser

_FOCUSED = "document.activeElement?.textContent?.trim() ?? ''"


def tab_to(page: Any, text: str, *, most: int = 60) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        if text in (page.evaluate(_FOCUSED) or ""):
            return
    raise AssertionError(f"Tab never reaches {text!r}")


def test_the_first_tab_skips_to_the_content(visit: Any) -> None:
    page = visit.open()
    page.keyboard.press("Tab")
    assert page.evaluate(_FOCUSED) == "Skip to content"
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    assert page.get_by_role("heading", name="Runs", level=1).is_visible()


def test_numbers_open_the_views(visit: Any) -> None:
    page = visit.open()
    for key, heading in (("3", "Sweeps"), ("4", "Lab"), ("2", "Curves"), ("1", "Runs")):
        page.keyboard.press(key)
        page.get_by_role("heading", name=heading, level=1).wait_for()


def test_a_slash_searches_and_keys_do_nothing_while_typing(visit: Any) -> None:
    page = visit.open()
    page.get_by_role("searchbox", name="Search").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("mlp4?")
    assert page.get_by_role("searchbox", name="Search").input_value() == "mlp4?"
    assert page.get_by_role("heading", name="Runs", level=1).is_visible()


def test_a_run_is_opened_from_the_table(visit: Any) -> None:
    page = visit.open("#/runs?search=mlp-seed-1")
    page.get_by_role("link", name="mlp-seed-1").wait_for()
    page.get_by_role("heading", name="Runs", level=1).click()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="mlp-seed-1", level=1).wait_for()


def test_tabs_of_a_run_turn_with_arrows(visit: Any) -> None:
    page = visit.open("#/run?id=resnet-20-run")
    page.get_by_role("tab", name="Overview").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("tabpanel", name="Layers").wait_for()


def test_a_sweep_and_a_claim_are_reached_with_tab(visit: Any) -> None:
    page = visit.open("#/sweep")
    page.get_by_role("link", name="tuned").wait_for()
    tab_to(page, "tuned")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="tuned", level=1).wait_for()
    page.keyboard.press("4")
    page.get_by_role("link", name="What degradation claims.").wait_for()
    tab_to(page, "What degradation claims.")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="What degradation claims.", level=1).wait_for()


def test_a_chart_is_read_with_arrows(visit: Any) -> None:
    page = visit.open("#/run?id=resnet-20-run")
    chart = page.get_by_role("img", name="Line chart of Loss")
    chart.wait_for()
    chart.focus()
    page.keyboard.press("ArrowRight")
    page.locator(".chart-tooltip:visible").wait_for()
