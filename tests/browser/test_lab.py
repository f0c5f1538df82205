"""The lab: claims, verdicts, requirements, pictures."""

from typing import Any

import pytest

pytestmark = pytest.mark.browser


def test_verdicts_filter_the_claims(visit: Any) -> None:
    page = visit.open("#/lab")
    cards = page.locator(".claim-card")
    cards.first.wait_for()
    assert cards.count() == 4
    page.get_by_role("button", name="Not reproduced 1").click()
    assert cards.count() == 1
    assert "smart-relu" in cards.inner_text()
    page.reload()
    cards.first.wait_for()
    assert cards.count() == 1


def test_a_search_finds_a_claim(visit: Any) -> None:
    page = visit.open("#/lab")
    page.get_by_role("searchbox", name="Search").fill("cifar")
    page.get_by_text("1 of 4 claims").wait_for()


def test_a_claim_has_requirements_with_a_number_for_each_seed(visit: Any) -> None:
    page = visit.open("#/lab")
    page.get_by_role("link", name="What degradation claims.").click()
    page.get_by_role("heading", name="What degradation claims.", level=1).wait_for()
    table = page.get_by_role("table")
    assert table.get_by_role("columnheader", name="seed 2").is_visible()
    control, worse = table.locator("tbody tr").all()
    assert "control" in control.inner_text()
    assert [cell.inner_text() for cell in worse.locator("td.number").all()] == [
        "61.4", "68.1", "73.1",
    ]  # fmt: skip
    assert "in the mean" in worse.inner_text()
    assert page.get_by_text("He et al., 2015, figure 1").is_visible()
    picture = page.get_by_role("img", name="degradation")
    assert picture.evaluate("(image) => image.complete && image.naturalWidth") == 160


def test_claims_are_turned_over_with_keys(visit: Any) -> None:
    page = visit.open("#/lab?name=degradation")
    page.get_by_role("heading", name="What degradation claims.", level=1).wait_for()
    page.keyboard.press("j")
    page.get_by_role("heading", name="What neural-style claims.", level=1).wait_for()
    page.keyboard.press("k")
    page.get_by_role("heading", name="What degradation claims.", level=1).wait_for()
    page.keyboard.press("u")
    page.get_by_role("heading", name="Lab", level=1).wait_for()


def test_what_has_not_run_says_what_must_hold(visit: Any) -> None:
    page = visit.open("#/lab?name=cifar-1202")
    page.get_by_text("the deep one is 10 points worse").wait_for()
    assert page.get_by_role("columnheader", name="seed").count() == 0
    assert page.locator("figure").count() == 0
