"""Sweeps: parallel coordinates with ranges, scatter plots, decisions, trials."""

import re
from typing import Any

import pytest

pytestmark = pytest.mark.browser


def trials(page: Any) -> Any:
    return page.get_by_role("region", name="Trials").last.locator("tbody tr")


def test_the_list_leads_to_a_sweep_and_back(visit: Any) -> None:
    page = visit.open("#/sweep")
    page.get_by_role("link", name="tuned").click()
    page.get_by_role("heading", name="tuned", level=1).wait_for()
    page.go_back()
    page.get_by_role("heading", name="Sweeps", level=1).wait_for()


def test_a_sweep_shows_its_trials_without_those_that_learned_a_sample_by_heart(
    visit: Any,
) -> None:
    page = visit.open("#/sweep?id=tuned")
    page.locator(".pc-line").first.wait_for()
    assert page.locator(".pc-line").count() == 9
    assert trials(page).count() == 9
    page.get_by_role("button", name="overfit 1").click()
    assert trials(page).count() == 10
    assert "group=overfit" in page.url


def test_a_diverged_trial_is_drawn_apart(visit: Any) -> None:
    page = visit.open("#/sweep?id=tuned")
    page.locator(".pc-line.no-value").wait_for()
    assert page.locator(".pc-line.no-value").count() == 1
    assert page.locator(".scatter-cross").count() == 2
    assert "diverged" in trials(page).last.inner_text()


def test_a_range_is_drawn_with_the_mouse_and_kept_in_the_address(visit: Any) -> None:
    page = visit.open("#/sweep?id=tuned")
    box = page.locator(".pc-hit").first.bounding_box()
    x, top, height = box["x"] + box["width"] / 2, box["y"], box["height"]
    page.mouse.move(x, top + 0.4 * height)
    page.mouse.down()
    page.mouse.move(x, top + 0.5 * height)
    page.mouse.move(x, top + 0.6 * height)
    page.mouse.up()
    page.get_by_text("3 of 9 trials chosen").wait_for()
    assert trials(page).count() == 3
    assert "range=optimizer." in page.url
    page.reload()
    page.get_by_text("3 of 9 trials chosen").wait_for()
    page.get_by_role("button", name="Clear ranges").click()
    assert trials(page).count() == 9


def test_a_range_is_drawn_with_the_keyboard(visit: Any) -> None:
    page = visit.open("#/sweep?id=tuned")
    slider = page.get_by_role("slider", name="optimizer.lr from")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    page.get_by_text("6 of 9 trials chosen").wait_for()
    assert slider.get_attribute("aria-valuenow") == "15"
    page.keyboard.press("Escape")
    assert trials(page).count() == 9


def test_an_axis_becomes_linear_and_logarithmic_again(visit: Any) -> None:
    page = visit.open("#/sweep?id=tuned")
    title = page.get_by_role("button", name=re.compile(r"lr\s*, log axis"))
    title.click()
    page.get_by_role("button", name=re.compile(r"lr\s*, linear axis")).wait_for()
    assert "linear=optimizer.lr" in page.url
    page.get_by_role("button", name=re.compile(r"lr\s*, linear axis")).click()
    title.wait_for()


def test_another_metric_colors_the_trials(visit: Any) -> None:
    page = visit.open("#/sweep?id=tuned")
    page.get_by_role("combobox", name="Metric").select_option("val/loss")
    page.get_by_role("heading", name="val/loss by setting").wait_for()
    assert "metric=val/loss" in page.url


def test_a_decision_shows_its_trials_alone(visit: Any) -> None:
    page = visit.open("#/sweep?id=tuned&group=overfit")
    decisions = page.get_by_role("region", name="Decisions")
    assert decisions.get_by_role("listitem").count() == 3
    decisions.get_by_role("button", name="Show these 9 trials").click()
    page.get_by_role("button", name="Show all trials").wait_for()
    assert trials(page).count() == 9


def test_the_nearest_line_is_named_and_opens_its_run(visit: Any) -> None:
    page = visit.open("#/sweep?id=tuned")
    page.locator(".pc-line.q8").wait_for()
    line = page.locator(".pc-line.q8").last
    point = line.evaluate(
        """(path) => {
          const at = path.getPointAtLength(path.getTotalLength() * 0.1);
          const box = path.ownerSVGElement.getBoundingClientRect();
          return [box.left + at.x, box.top + at.y];
        }"""
    )
    page.mouse.move(*point)
    page.locator(".pc-tip:visible").get_by_text("coarse-").wait_for()
    page.mouse.click(*point)
    page.get_by_role("heading", name=re.compile("coarse-"), level=1).wait_for()


def test_the_trials_are_sorted_and_saved(visit: Any) -> None:
    page = visit.open("#/sweep?id=tuned")
    page.get_by_role("columnheader", name="optimizer.lr").get_by_role("button").click()
    assert "1" in trials(page).first.locator("td").nth(3).inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0].startswith("trial,state,val/accuracy,optimizer.")
    assert len(lines) == 10
