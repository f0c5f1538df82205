"""The page: its files, as they are served or put together into one.

Modules of the page import each other as "board/NAME.js". An import map says what that means:
an address of the server, or, in a report, the code itself as a data: URL.
"""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("page")
# Parts of index.html that differ where the page is served and where it is a file.
_TITLE = "<title>headway</title>"
_MAP = '<script type="importmap"></script>'
_START = '<script type="module" src="/page/app.js"></script>'
_STYLE = re.compile(r'<link rel="stylesheet" href="/page/([^"]+)">')
_SERVED_MAP = '{"imports":{"board/":"/page/"}}'
_TYPES = {".js": "text/javascript", ".css": "text/css"}


@dataclass(frozen=True)
class PageFile:
    """A file that the page is made of.

    Attributes:
        content: What is in it.
        type: What it is, in the words of HTTP.
        tag: A short text that changes with the content.
    """

    content: bytes
    type: str
    tag: str


def served_page() -> tuple[str, str]:
    """Return the page as it is served at /, and its Content-Security-Policy."""
    html = _put(_index(), _MAP, f'<script type="importmap">{_SERVED_MAP}</script>')
    policy = (
        f"default-src 'none'; script-src 'self' {_hash(_SERVED_MAP)}; style-src 'self'; "
        "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
    return html, policy


def read_file(name: str) -> PageFile | None:
    """Return the script or style `name` of the page, such as "views/run.js", or None."""
    files = {_inside(path): path for path in FOLDER.rglob("*") if path.suffix in _TYPES}
    if name not in files:
        return None
    content = files[name].read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    return PageFile(content, f"{_TYPES[files[name].suffix]}; charset=utf-8", tag)


def whole_page(*, title: str, data: str) -> str:
    """Return the page with everything in it, to be opened from a disk.

    Args:
        title: Title of the window, not yet escaped.
        data: What `source.js` looks answers up in, as text that is safe within a script
            element.
    """
    html = _index()
    addresses = {name: _data_url(path) for name, path in _modules().items()}
    import_map = json.dumps({"imports": addresses}, separators=(",", ":"))
    start = 'import "board/app.js";'
    styles = [_style(name) for name in _STYLE.findall(html)]
    policy = (
        f"default-src 'none'; script-src {_hash(import_map)} {_hash(start)} data:; "
        f"style-src {' '.join(map(_hash, styles))}; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    html = _put(html, _TITLE, f"<title>{_escaped(title)}</title>\n{_meta(policy)}")
    html = _put(html, _MAP, f'<script type="importmap">{import_map}</script>')
    html = _put(html, _START, _scripts(data, start))
    return _STYLE.sub(lambda found: f"<style>{_style(found[1])}</style>", html)


def _index() -> str:
    return (FOLDER / "index.html").read_text(encoding="utf-8")


def _modules() -> dict[str, Path]:
    """Return the file of each module, by the name that others import it by."""
    files = sorted(FOLDER.rglob("*.js"))
    return {f"board/{_inside(path)}": path for path in files}


def _inside(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


def _data_url(path: Path) -> str:
    return f"data:text/javascript;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _hash(inline: str) -> str:
    digest = hashlib.sha256(inline.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _style(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _meta(policy: str) -> str:
    return f'<meta http-equiv="Content-Security-Policy" content="{policy}">'


def _scripts(data: str, start: str) -> str:
    return (
        f'<script type="application/gzip" id="board-data">{data}</script>\n'
        f'<script type="module">{start}</script>'
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _put(html: str, old: str, new: str) -> str:
    assert html.count(old) == 1, f"index.html must have {old} once"
    return html.replace(old, new)
