"""Settings read section by section are those of a parser of TOML."""

import tomllib

import pytest
import tomli_w

from headway.board.settings import common_settings, flat, read_settings

from .records import RECIPE

BRACKET_IN_TEXT = 'a = """\n[b]\n"""\n[c]\nd = 1\n'
BRACKET_IN_LIST = "a = [\n[1, 2],\n[3],\n]\n[c]\nd = 1\n"
LIST_OF_TABLES = "a = 1\n[[b]]\nc = 1\n[[b]]\nc = 2\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(tomli_w.dumps(RECIPE), id="recipe"),
        pytest.param(BRACKET_IN_TEXT, id="bracket in text"),
        pytest.param(BRACKET_IN_LIST, id="bracket in list"),
        pytest.param(LIST_OF_TABLES, id="list of tables"),
        pytest.param("", id="empty"),
        pytest.param("[a.b]\nc = nan\n[a]\nd = 2026-11-21\n", id="nested"),
    ],
)
def test_settings_are_those_of_a_parser(text: str):
    assert repr(read_settings(text)) == repr(flat(tomllib.loads(text)))


@pytest.mark.parametrize("text", ["lr = = 1", "[a]\nx = 1\n[b\ny = 2", "\0"])
def test_damage_is_refused(text: str):
    with pytest.raises(ValueError, match=r"line|Illegal"):
        read_settings(text)


def test_damage_is_named_by_its_line_in_the_whole_file():
    with pytest.raises(ValueError, match="line 4"):
        read_settings("[a]\nx = 1\n[b]\ny = = 2\n")


def test_what_differs_is_not_common():
    assert common_settings([{"a": 1, "b": 1}, {"a": 1, "b": 2}]) == {"a": 1}


def test_what_one_run_lacks_is_not_common():
    assert common_settings([{"a": 1, "b": 1}, {"a": 1}]) == {"a": 1}


def test_a_run_without_a_recipe_does_not_count():
    assert common_settings([{}, {"a": 1}, {"a": 1}]) == {"a": 1}


def test_no_runs_have_nothing_in_common():
    assert common_settings([]) == {}
