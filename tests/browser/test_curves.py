"""Curves of several runs over each other."""

from typing import Any

import pytest

pytestmark = pytest.mark.browser

SEEDS = "#/curves?run=mlp-seed-0&run=mlp-seed-1&run=mlp-seed-2"


def chart(page: Any, name: str = "loss") -> Any:
    return page.get_by_role("img", name=f"Line chart of {name}").first


def test_curves_of_runs_lie_over_each_other(visit: Any) -> None:
    page = visit.open(SEEDS)
    chart(page, "accuracy").wait_for()
    label = chart(page, "accuracy").get_attribute("aria-label")
    assert all(f"mlp-seed-{seed} ends at 0." in label for seed in range(3))


def test_the_smoothing_slider_moves_with_the_keyboard_and_is_kept(visit: Any) -> None:
    page = visit.open(SEEDS)
    chart(page).wait_for()
    slider = page.get_by_role("slider", name="Smoothing")
    before = slider.input_value()
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    after = slider.input_value()
    assert float(after) > float(before)
    page.wait_for_function("() => location.hash.includes('smooth=')")
    page.reload()
    chart(page).wait_for()
    assert slider.input_value() == after


def test_the_horizontal_axis_is_chosen(visit: Any) -> None:
    page = visit.open(SEEDS)
    chart(page).wait_for()
    page.get_by_role("combobox", name="X", exact=True).select_option(label="Epoch")
    page.get_by_role("img", name="against Epoch").or_(
        page.get_by_role("img", name="against epoch")
    ).first.wait_for()
    assert "x=epoch" in page.url


def test_seeds_become_a_mean_with_a_band(visit: Any) -> None:
    page = visit.open(SEEDS)
    chart(page, "accuracy").wait_for()
    grouping = page.get_by_role("combobox", name="Group by")
    grouping.select_option(label="Name without seed")
    page.wait_for_function(
        """() => [...document.querySelectorAll("[role=img]")]
          .every((each) => !each.getAttribute("aria-label")?.includes("mlp-seed-1"))"""
    )
    assert "group=" in page.url


def test_a_run_is_left_out_and_taken_in_again(visit: Any) -> None:
    page = visit.open(SEEDS)
    chart(page).wait_for()
    legend = page.get_by_role("complementary", name="Runs")
    toggle = legend.locator("[aria-pressed]").filter(has_text="mlp-seed-1")
    toggle.click()
    page.wait_for_function("() => location.hash.includes('hide=mlp-seed-1')")
    page.reload()
    chart(page).wait_for()
    assert toggle.get_attribute("aria-pressed") == "false"
    toggle.click()
    page.wait_for_function("() => !location.hash.includes('hide=')")


def test_a_link_names_the_metric(visit: Any) -> None:
    page = visit.open(f"{SEEDS}&metric=train/loss")
    chart(page).wait_for()
