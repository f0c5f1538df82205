"""The pure modules of the page, tested by node where it is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_UNIT = _ROOT / "tests" / "browser" / "unit"
_PAGE = _ROOT / "src" / "headway" / "board" / "page"


@pytest.fixture(scope="module")
def node() -> str:
    path = shutil.which("node")
    if path is None:
        pytest.skip("node is not installed: the page's modules are not tested")
    return path


def test_the_pure_modules_pass_their_own_tests(node: str) -> None:
    files = sorted(map(str, _UNIT.glob("*.test.mjs")))
    assert files
    command = [node, "--import", str(_UNIT / "resolve.mjs"), "--test", *files]
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]


def test_no_module_writes_markup_or_evaluates_text() -> None:
    forbidden = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(")
    own = [path for path in _PAGE.rglob("*.js") if "vendor" not in path.parts]
    found = [
        (path.name, word) for path in own for word in forbidden if word in path.read_text()
    ]
    assert found == []


def test_modules_import_each_other_by_names_that_exist() -> None:
    for path in _PAGE.rglob("*.js"):
        names = [line.split('"')[1] for line in path.read_text().splitlines()
                 if line.startswith(("import ", "} from ")) and '"' in line]  # fmt: skip
        unknown = [
            name for name in names if not (_PAGE / name.removeprefix("board/")).is_file()
        ]
        assert unknown == [], path.name


def test_the_vendored_library_is_the_one_that_its_note_names() -> None:
    note = (_PAGE / "vendor" / "README.md").read_text()
    lock = (_PAGE / "vendor" / "package-lock.json").read_text()
    assert '"node_modules/uplot"' in lock
    version = lock.split('"node_modules/uplot"')[1].split('"version": "')[1].split('"')[0]
    assert f"uPlot {version}" in note
    assert (_PAGE / "vendor" / "LICENSE").read_text().startswith("The MIT License")
