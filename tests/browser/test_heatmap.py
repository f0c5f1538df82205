"""Heat maps of a network's layers, with the pointer and with the keyboard."""

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

LAYERS = "#/run?id=plain-56-run&tab=layers"


def _maps(page: Any) -> Any:
    maps = page.get_by_role("application")
    maps.first.wait_for()
    return maps


def _readouts(page: Any) -> list[str]:
    return page.locator(".heat-readout").all_inner_texts()


def test_pointing_at_one_map_tells_the_values_of_all(visit: Any) -> None:
    page = visit.open(LAYERS)
    _maps(page).first.hover(position={"x": 300, "y": 100})
    texts = _readouts(page)
    assert len(texts) >= 3
    assert all("step" in text and "layer" in text for text in texts)


def test_arrows_move_the_cross_layer_by_layer(visit: Any) -> None:
    page = visit.open(LAYERS)
    _maps(page).first.focus()
    page.keyboard.press("ArrowDown")
    first = _readouts(page)[0]
    page.keyboard.press("ArrowDown")
    second = _readouts(page)[0]
    assert first
    assert first != second
    page.keyboard.press("Escape")
    assert _readouts(page)[0] == ""


def test_a_pinned_layer_has_curves_and_stands_in_the_address(visit: Any) -> None:
    page = visit.open(LAYERS)
    _maps(page).first.click(position={"x": 300, "y": 100})
    pinned = page.get_by_role("region", name="Pinned layers")
    pinned.get_by_role("img", name="Line chart of").first.wait_for()
    assert "layer=" in page.url
    page.reload()
    pinned.get_by_role("img", name="Line chart of").first.wait_for()
    pinned.get_by_role("button", name="Let go of").click()
    pinned.wait_for(state="hidden")


def test_dragging_enlarges_a_range_of_depths(visit: Any) -> None:
    page = visit.open(LAYERS)
    box = _maps(page).first.bounding_box()
    x, y = box["x"] + 300, box["y"]
    page.mouse.move(x, y + 60)
    page.mouse.down()
    page.mouse.move(x, y + 160, steps=4)
    page.mouse.up()
    page.get_by_role("status").filter(has_text="of 56").wait_for()
    assert "depth=" in page.url
    page.get_by_role("button", name="Show all layers").click()
    page.get_by_role("status").filter(has_text="all 56 layers").wait_for()


def test_a_map_is_saved_as_numbers(visit: Any) -> None:
    page = visit.open(LAYERS)
    _maps(page)
    page.get_by_role("button", name="Save Gradient norm").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV numbers").click()
    lines = Path(saved.value.path()).read_text().splitlines()
    assert lines[0] == "layer,kind,step,value"
    assert len(lines) > 100


def test_a_map_is_saved_as_a_picture(visit: Any) -> None:
    page = visit.open(LAYERS)
    _maps(page)
    page.get_by_role("button", name="Save Gradient norm").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="PNG picture").click()
    assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")
