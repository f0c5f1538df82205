"""Records to look at, and a board that is served to tests."""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from headway.board.app import BoardApp
from headway.board.security import Access
from headway.board.server import make_server
from headway.runs import RunRecord

RECIPE = {"seed": 0, "data": {"source": "digits"}, "model": {"name": "mlp"}}


def make_run(folder: Path, *, rows: int = 3, **recipe: Any) -> RunRecord:
    """Write the record of a run that is over, and return it still open."""
    environment = {"total_steps": rows, "headway": "0"}
    record = RunRecord.create(folder, recipe=RECIPE | recipe, environment=environment)
    record.event("started", step=0)
    for step in range(1, rows + 1):
        record.log(step, {"train/loss": 1 / step, "epoch": float(step)})
    record.event("finished", step=rows)
    return record


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Visitor:
    """Talks to a board as a browser, a script or an attacker would.

    Attributes:
        headers: Sent with every request; None leaves one out that is sent otherwise.
    """

    port: int
    access: Access
    root: Path
    headers: dict[str, str | None] = field(default_factory=dict)

    @contextmanager
    def open(
        self, method: str, target: str, body: bytes | None, headers: dict[str, Any]
    ) -> Iterator[http.client.HTTPResponse]:
        """Send a request, and give the answer while it still comes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        sent = {"Host": f"127.0.0.1:{self.port}"} | self.headers | headers
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        if body is not None:
            sent["Content-Length"] = str(len(body))
        for name, value in sent.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        try:
            yield response
        finally:
            response.close()
            connection.close()

    def ask(self, method: str, target: str, body: bytes | None = None, **headers) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with self.open(method, target, body, named) as response:
            return Reply(response.status, response.headers, response.read())

    def get(self, target: str, **headers: str | None) -> Reply:
        return self.ask("GET", target, **headers)

    def write_note(self, run: str, note: str = "mine", **headers: str | None) -> Reply:
        """Write as a page of the board does, but for what `headers` change."""
        own = {
            "Content_Type": "application/json",
            "Origin": f"http://127.0.0.1:{self.port}",
            "X_Headway_CSRF": self.access.csrf,
        }
        body = json.dumps({"run": run, "note": note, "tags": ["a"]}).encode()
        return self.ask("POST", "/api/notes", body, **(own | headers))


@contextmanager
def _serving(root: Path, access: Access) -> Iterator[Visitor]:
    server = make_server(BoardApp(root, access=access, version="0"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        yield Visitor(port, access, root)
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="session")
def serving() -> Callable[[Path, Access], AbstractContextManager[Visitor]]:
    """Return a context that serves the board of a folder."""
    return _serving
