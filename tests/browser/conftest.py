"""A board with records of every kind, and a browser whose every complaint is a failure."""

import contextlib
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent
CHROMIUM = Path("/usr/bin/chromium")
AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"
# A violation of the page's policy is an event; told on the console it is caught like an error.
_TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} blocked ${event.blockedURI}`));
"""
_SECONDS_TO_START = 30


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"browser_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def records() -> ModuleType:
    """Functions that write records."""
    return _load("records")


@pytest.fixture(scope="session")
def root(records: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs of every kind."""
    folder = tmp_path_factory.mktemp("board") / "runs"
    records.write_everything(folder)
    return folder


@dataclass(frozen=True)
class Server:
    """A board that is being served."""

    address: str
    process: subprocess.Popen[str]

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=10)


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Path], Server]]:
    """Serve the board of a folder until the tests are over."""
    servers: list[Server] = []

    def start(folder: Path) -> Server:
        command = [sys.executable, "-m", "headway", "board", str(folder), "--no-browser"]
        process = subprocess.Popen(
            [*command, "--port", "0"], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://" in line, line
        servers.append(Server("http://" + line.split("http://")[1].strip(), process))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="session")
def board(root: Path, serve: Callable[[Path], Server]) -> str:
    """Address of the board of `root`."""
    return serve(root).address


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One chromium for all tests."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.fail("chromium is missing: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@dataclass
class Visit:
    """A page of the board, and everything it complained about."""

    page: Any
    address: str
    problems: list[str] = field(default_factory=list[str])

    def open(self, fragment: str = "#/runs") -> Any:
        """Open a view and wait until it is drawn."""
        self.page.goto(self.address + fragment)
        return self.wait()

    def wait(self) -> Any:
        """Wait until the present view is drawn."""
        self.page.wait_for_selector("main .view:not(:empty)")
        return self.page

    def scan(self) -> list[str]:
        """Return what an accessibility scan finds serious or critical."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE.read_text())
        result = self.page.evaluate(
            "() => axe.run(document, {resultTypes: ['violations']})"
        )
        return [
            f"{each['id']} ({each['impact']}): {node['target']} {node['failureSummary']}"
            for each in result["violations"]
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]


@pytest.fixture
def new_visit(browser: Any, board: str) -> Iterator[Callable[..., Visit]]:
    """Open pages; at the end of the test, none of them may have complained."""
    visits: list[Visit] = []
    contexts: list[Any] = []

    def new(address: str = board, **options: Any) -> Visit:
        options.setdefault("viewport", {"width": 1400, "height": 900})
        options.setdefault("reduced_motion", "reduce")
        context = browser.new_context(**options)
        context.set_default_timeout(5000)
        context.add_init_script(_TELL_VIOLATIONS)
        contexts.append(context)
        visit = Visit(context.new_page(), address)
        _listen(visit)
        visits.append(visit)
        return visit

    yield new
    for context in contexts:
        context.close()
    problems = [problem for visit in visits for problem in visit.problems]
    assert not problems, "\n".join(problems)


@pytest.fixture
def visit(new_visit: Callable[..., Visit]) -> Visit:
    """A page of the board of `root`."""
    return new_visit()


@pytest.fixture
def going(
    tmp_path: Path,
    records: ModuleType,
    serve: Callable[[Path], Server],
    new_visit: Callable[..., Visit],
) -> Iterator[tuple[Any, Any]]:
    """The page of a run that goes on, beside another that has ended, and its record."""
    records.write_run(tmp_path / "old")
    with contextlib.closing(records.start_run(tmp_path / "young")) as record:
        for step in (5, 10):
            records.log_step(record, step, loss=2.0, accuracy=0.1)
        server = serve(tmp_path)
        page = new_visit(server.address).open("#/run?id=young")
        yield page, record
        page.close()
        server.stop()


def _listen(visit: Visit) -> None:
    page, problems = visit.page, visit.problems

    def on_console(message: Any) -> None:
        if message.type in ("error", "warning"):
            problems.append(f"console: {message.text} ({message.location.get('url')})")

    page.on("console", on_console)
    page.on("pageerror", lambda error: problems.append(f"error: {error.stack or error}"))
    page.on("dialog", lambda dialog: problems.append(f"dialog: {dialog.message}"))


@pytest.fixture(scope="session", autouse=True)
def _tools() -> None:
    """Say what is missing before anything fails for the lack of it."""
    if not AXE.exists():
        node = "" if shutil.which("npm") else " (and npm: apt-get install npm)"
        pytest.fail(f"axe-core is missing: run `make test-browser`{node}")
