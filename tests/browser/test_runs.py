"""The table of runs: search, filter, sort, group, notes, and an address that holds it all."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser


def names(page: Any) -> list[str]:
    links = page.get_by_role("table", name="Runs").locator("td[data-key=name] a")
    return [text.strip() for text in links.all_inner_texts()]


def wait_for_names(page: Any, expected: set[str]) -> None:
    page.wait_for_function(
        """(names) => {
          const links = [...document.querySelectorAll("table td[data-key=name] a")];
          const shown = new Set(links.map((link) => link.textContent.trim()));
          return shown.size === names.length && names.every((name) => shown.has(name));
        }""",
        arg=sorted(expected),
    )


def test_every_run_is_in_the_table(visit: Any, root: Path) -> None:
    page = visit.open()
    runs = {path.parent.name for path in root.rglob("environment.json")}
    wait_for_names(page, runs)


def test_a_search_narrows_the_table_and_stands_in_the_address(visit: Any) -> None:
    page = visit.open()
    page.get_by_role("searchbox", name="Search").fill("mlp")
    wait_for_names(page, {"mlp-seed-0", "mlp-seed-1", "mlp-seed-2"})
    assert "mlp" in page.url
    page.reload()
    wait_for_names(page, {"mlp-seed-0", "mlp-seed-1", "mlp-seed-2"})


def test_the_states_filter(visit: Any) -> None:
    page = visit.open()
    page.get_by_role("group", name="State").get_by_text("diverged").click()
    wait_for_names(page, {"plain-56-run", "coarse-00000008"})


def test_a_column_sorts_up_and_down(visit: Any) -> None:
    page = visit.open("#/runs?search=mlp")
    wait_for_names(page, {"mlp-seed-0", "mlp-seed-1", "mlp-seed-2"})
    head = page.get_by_role("columnheader", name="Best")
    head.get_by_role("button").click()
    first = names(page)
    head.get_by_role("button").click()
    second = names(page)
    assert first == second[::-1]
    assert sorted(first) in (first, second)
    assert head.get_attribute("aria-sort") in ("ascending", "descending")


def test_runs_are_grouped_by_a_setting(visit: Any) -> None:
    page = visit.open("#/runs?search=run")
    page.get_by_role("combobox", name="Group by").select_option(label="model.name")
    page.get_by_text(re.compile(r"plain-56")).first.wait_for()
    assert "group" in page.url


def test_the_back_button_returns_to_the_table(visit: Any) -> None:
    page = visit.open("#/runs?search=mlp")
    page.get_by_role("link", name="mlp-seed-1").click()
    page.get_by_role("heading", name="mlp-seed-1", level=1).wait_for()
    page.go_back()
    wait_for_names(page, {"mlp-seed-0", "mlp-seed-1", "mlp-seed-2"})


def test_notes_and_tags_are_kept_with_the_run(visit: Any, root: Path) -> None:
    page = visit.open("#/run?id=mlp-seed-2")
    area = page.get_by_role("region", name="Note and tags")
    area.get_by_role("textbox", name="Note").fill("A good one.\n<b>Second</b> line")
    area.get_by_role("textbox", name="tag").fill("baseline")
    area.get_by_role("textbox", name="tag").press("Enter")
    area.get_by_role("button", name="Save").click()
    path = root / "mlp-seed-2" / "notes.json"
    page.wait_for_function(
        """() => [...document.querySelectorAll("button")]
          .some((each) => each.textContent === "Save" && each.disabled)"""
    )
    kept = json.loads(path.read_text())
    assert kept["note"] == "A good one.\n<b>Second</b> line"
    assert kept["tags"] == ["baseline"]
    page = visit.open("#/runs?search=baseline")
    wait_for_names(page, {"mlp-seed-2"})


def test_a_word_of_a_settings_value_is_searched_as_a_condition(visit: Any) -> None:
    page = visit.open()
    page.get_by_role("searchbox", name="Search").fill("lr>0.5")
    wait_for_names(page, {"coarse-00000006", "coarse-00000007", "coarse-00000008"})
