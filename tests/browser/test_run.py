"""One run: parts, heat maps, mistakes, the command to resume; and two runs side by side."""

from typing import Any

import pytest

pytestmark = pytest.mark.browser


def test_the_parts_of_a_run_have_addresses(visit: Any) -> None:
    page = visit.open("#/run?id=resnet-20-run")
    for part in ("Layers", "Predictions", "Settings", "Record", "Overview"):
        page.get_by_role("tab", name=part).click()
        page.get_by_role("tabpanel", name=part).wait_for()
        assert page.get_by_role("tab", name=part).get_attribute("aria-selected") == "true"
    page.get_by_role("tab", name="Layers").click()
    assert "tab=layers" in page.url
    page.reload()
    page.get_by_role("tabpanel", name="Layers").wait_for()


def test_the_charts_say_where_they_end(visit: Any) -> None:
    page = visit.open("#/run?id=resnet-20-run")
    for name in ("Loss", "Accuracy", "Gradient norm", "Learning rate", "Throughput"):
        page.get_by_role("img", name=f"Line chart of {name}").wait_for()


def test_hovering_a_chart_shows_exact_values(visit: Any) -> None:
    page = visit.open("#/run?id=resnet-20-run")
    chart = page.get_by_role("img", name="Line chart of Loss")
    chart.wait_for()
    chart.hover()
    tip = page.locator(".chart-tooltip:visible")
    tip.wait_for()
    assert "train" in tip.inner_text()
    assert "." in tip.inner_text()


def test_layers_are_heat_maps_over_depth_and_time(visit: Any) -> None:
    page = visit.open("#/run?id=plain-56-run&tab=layers")
    grids = page.get_by_role("application")
    grids.first.wait_for()
    assert grids.count() >= 3
    assert "56 layers" in (grids.first.get_attribute("aria-label") or "")
    assert page.locator("canvas").first.is_visible()


def test_predictions_are_a_confusion_matrix_and_mistakes_with_pictures(visit: Any) -> None:
    page = visit.open("#/run?id=resnet-20-run&tab=predictions")
    pictures = page.locator("main img")
    pictures.first.wait_for()
    assert pictures.count() >= 12
    assert pictures.first.evaluate("(image) => image.complete && image.naturalWidth > 0")


def test_a_finding_is_told_with_its_remedy(visit: Any) -> None:
    page = visit.open("#/run?id=plain-56-run")
    page.get_by_text("Use shortcuts, or He's initialization.").first.wait_for()
    assert page.get_by_text("diverged").first.is_visible()


def test_two_runs_stand_side_by_side(visit: Any) -> None:
    page = visit.open("#/compare?run=resnet-20-run&run=plain-56-run")
    settings = page.get_by_role("table", name="Settings")
    settings.wait_for()
    assert settings.get_by_role("row").filter(has_text="model.name").count() == 1
    assert settings.get_by_role("row").filter(has_text="optimizer.lr").count() == 0
    page.get_by_role("link", name="Swap").click()
    page.get_by_role("region", name="Run 1").get_by_text("plain-56-run").first.wait_for()


def test_the_theme_is_switched_and_remembered(visit: Any) -> None:
    page = visit.open("#/run?id=resnet-20-run")
    before = page.locator("html").get_attribute("data-theme")
    page.get_by_role("button", name="Switch between light and dark").click()
    after = page.locator("html").get_attribute("data-theme")
    assert before != after
    page.reload()
    page.get_by_role("heading", name="resnet-20-run", level=1).wait_for()
    assert page.locator("html").get_attribute("data-theme") == after
