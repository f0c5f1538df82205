"""What holds for the whole house: floors, imports, docstrings and documents."""

import importlib
import importlib.util
import inspect
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import ModuleType

import pytest

import headway
from headway.recipe import Recipe, load_recipe

ROOT = Path(__file__).parents[1]
PACKAGES = sorted(path.parent.name for path in ROOT.glob("src/headway/*/__init__.py"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SECTIONS = "|".join(item.name for item in fields(Recipe) if is_dataclass(item.type))


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    program = "from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--no-logo"],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree / "src")},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def tree(tmp_path) -> Path:
    """Copy what import-linter reads."""
    shutil.copytree(ROOT / "src", tmp_path / "src")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_package_has_a_floor(tree):
    result = lint_imports(tree)

    assert result.returncode == 0, result.stdout


def test_a_package_without_a_floor_is_rejected(tree):
    (tree / "src/headway/attic").mkdir()
    (tree / "src/headway/attic/__init__.py").write_text('"""Nobody knows where."""\n')

    result = lint_imports(tree)

    assert result.returncode == 1
    assert "headway.attic" in result.stdout


def test_an_import_from_a_higher_floor_is_rejected(tree):
    with (tree / "src/headway/nn/residual.py").open("a") as file:
        file.write("\nimport headway.engine\n")

    result = lint_imports(tree)

    assert result.returncode == 1
    assert "headway.nn is not allowed to import headway.engine" in result.stdout


@pytest.mark.parametrize("module", ["headway", "headway.runs"])
def test_torch_is_not_loaded_by(module):
    program = f"import sys, {module}; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_the_version_is_that_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert headway.__version__ == project["version"]


def test_the_changelog_has_the_version():
    assert f"\n## {headway.__version__}" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("package", ["", *PACKAGES])
def test_every_public_name_exists_and_says_what_it_is(package):
    module = importlib.import_module(f"headway.{package}".rstrip("."))

    assert module.__doc__
    assert list(undocumented(module)) == []


def undocumented(module: ModuleType) -> Iterator[str]:
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            text = value.__doc__ or ""
            if not text.strip() or text.startswith(f"{name}("):  # dataclass's own
                yield name


def test_the_page_of_settings_is_that_of_the_recipe():
    spec = importlib.util.spec_from_file_location("w", ROOT / "docs/write_settings.py")
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)

    assert writer.TARGET.read_text(encoding="utf-8") == writer.settings_page(), "make docs"


@pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)
def test_every_link_of_a_document_leads_somewhere(document):
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8"))

    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)
def test_every_setting_that_a_document_changes_exists(document):
    text = document.read_text(encoding="utf-8")
    code = re.findall(r"```sh\n(.*?)```|`([^`\n]+)`", text, flags=re.S)
    words = [word for pair in code for word in shlex.split("".join(pair), comments=True)]

    load_recipe(overrides=[w for w in words if re.match(rf"({SECTIONS})\.[\w.]+=", w)])
