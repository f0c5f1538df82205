"""Choosing runs to compare."""

import time
from typing import Any

import pytest

pytestmark = pytest.mark.browser


def test_a_run_is_compared_with_one_that_is_searched_for(visit: Any) -> None:
    page = visit.open("#/run?id=resnet-20-run")
    page.get_by_role("button", name="Compare with…").click()
    page.get_by_label("Search runs").fill("plain-56")
    page.get_by_role("link", name="plain-56-run").click()
    page.get_by_role("heading", name="Compare", level=1).wait_for()
    page.get_by_role("region", name="Run 2").get_by_text("plain-56-run").wait_for()


def test_settings_are_compared_inside_a_run(visit: Any) -> None:
    page = visit.open("#/run?id=resnet-20-run&tab=settings&with=plain-56-run")
    rows = page.get_by_role("table", name="Settings").get_by_role("row")
    rows.filter(has_text="model.name").wait_for()
    few = rows.count()
    page.get_by_label("Also what is equal").check()
    assert rows.count() > few


def test_what_one_searches_stays_while_the_run_goes_on(
    records: Any, going: tuple[Any, Any]
) -> None:
    page, record = going
    page.get_by_role("button", name="Compare with…").click()
    page.get_by_label("Search runs").fill("ol")
    time.sleep(1.0)
    records.log_step(record, 15, loss=1.0, accuracy=0.1)
    page.locator(".run-progress").get_by_text("step 15").wait_for()
    assert page.get_by_label("Search runs").input_value() == "ol"
    page.get_by_role("link", name="old").wait_for()
