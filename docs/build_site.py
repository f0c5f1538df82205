"""Build the API reference from the docstrings into site/: python docs/build_site.py."""

from pathlib import Path

import pdoc
import pdoc.render

import headway

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Write one page for each package with public names, and an index."""
    # headway loads its names when they are used; pdoc looks at those that are there.
    vars(headway).update({name: getattr(headway, name) for name in headway.__all__})
    folders = sorted(path.parent.name for path in ROOT.glob("src/headway/*/__init__.py"))
    modules = ["headway", "headway.errors", *(f"headway.{name}" for name in folders)]
    pdoc.render.configure(docformat="google", footer_text=f"headway {headway.__version__}")
    pdoc.pdoc(*modules, output_directory=ROOT / "site")


if __name__ == "__main__":
    main()
