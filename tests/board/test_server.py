"""How a board is started: where it listens, what it prints, how it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headway.board import server
from headway.board.security import Access
from headway.board.server import make_server, serve
from headway.errors import InputError, RunError

from .conftest import make_run


class Started:
    """A `headway board` in a process of its own, as soon as it has printed its address."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "headway", "board", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={k: v for k, v in os.environ.items() if not k.startswith("SSH_")},
        )
        self.said = self.process.stdout.readline().decode()
        self.address = re.search(r"http://\S+", self.said)[0]

    @property
    def port(self) -> int:
        return int(re.search(r":(\d+)/", self.address)[1])

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        code = self.process.wait(30)
        self.said += self.process.stdout.read().decode()
        self.process.stdout.close()
        return code


@pytest.fixture
def started() -> Iterator[Callable[..., Started]]:
    """Return a function that starts `headway board`."""
    boards: list[Started] = []

    def run(*words: object) -> Started:
        boards.append(Started(*map(str, words)))
        return boards[-1]

    yield run
    for board in boards:
        if board.process.poll() is None:
            board.process.kill()
            board.process.wait()
        board.process.stdout.close()


def _refusal(address: str) -> str:
    """Return the status of an answer that is an error, and the address that gave it."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(address, timeout=5)
    with refused.value as answer:
        return f"{answer.code} {answer.url}"


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def test_a_board_listens_on_loopback_alone_and_ends_by_ctrl_c(started, tmp_path):
    board = started(tmp_path, "--no-browser")
    with urllib.request.urlopen(f"{board.address}api/changes", timeout=5) as stream:
        assert stream.readline() == b"retry: 1000\n"
        elsewhere = _answers("127.0.0.2", board.port)
        code = board.end()

    assert board.address.startswith("http://127.0.0.1:")
    assert not elsewhere
    assert code == 0
    assert board.said.splitlines() == [
        f"board of {tmp_path}: {board.address}",
        "Ctrl-C ends it.",
    ]


def test_elsewhere_the_token_is_printed_once_and_nothing_else_says_it(started, tmp_path):
    board = started(tmp_path, "--host", "0.0.0.0", "--no-browser")
    token = board.address.partition("?token=")[2]
    local = f"http://127.0.0.1:{board.port}/"
    assert _refusal(local).startswith("401 ")
    # The cookie does not go along here, so the page behind the redirect is refused too.
    assert _refusal(f"{local}?token={token}") == f"401 {local}"
    code = board.end()

    assert len(token) == 43
    assert board.said.count(token) == 1
    assert (code, "not encrypted" in board.said) == (0, True)


@pytest.fixture
def served(monkeypatch) -> list[int]:
    """Ports of the servers that `serve` would have run."""
    ports: list[int] = []

    class Server:
        def __init__(self, app: object) -> None:
            pass

        def run(self, sockets: list[socket.socket]) -> None:
            ports.append(sockets[0].getsockname()[1])

    monkeypatch.setattr(server, "make_server", Server)
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    return ports


def _serve(root: Path, **choices) -> list[str]:
    said: list[str] = []
    serve(root, version="0", opens_browser=False, say=said.append, **choices)
    return said


def test_the_next_free_port_is_taken(served, tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(server, "_FIRST_PORT", port)
        said = _serve(tmp_path)

    assert served[0] != port
    assert f"http://127.0.0.1:{served[0]}/" in said[0]


def test_a_port_that_is_asked_for_and_taken_is_refused(served, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} is taken; choose another"):
            _serve(tmp_path, port=port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_a_host_that_is_not_this_machine_is_refused(served, tmp_path, host):
    with pytest.raises(InputError, match=f"'{host}' is no address of this machine"):
        _serve(tmp_path, host=host)


@pytest.mark.parametrize("port", [-1, 70_000])
def test_a_port_that_does_not_exist_is_refused(served, tmp_path, port):
    with pytest.raises(InputError, match="a port is a number from 0 to 65535"):
        _serve(tmp_path, port=port)


def test_a_file_is_no_folder_of_runs(served, tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(RunError, match="is a file, not a folder of runs"):
        _serve(tmp_path / "file")


def test_over_ssh_the_tunnel_is_spelled_out(served, tmp_path, monkeypatch):
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")

    said = _serve(tmp_path)

    assert f"ssh -L {served[0]}:127.0.0.1:{served[0]} {socket.gethostname()}" in said[1]


def test_a_token_on_loopback_comes_with_the_tunnel(served, tmp_path, monkeypatch):
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")

    first, tunnel, _ = _serve(tmp_path, with_token=True)

    assert re.search(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{43}$", first)
    assert "ssh -L" in tunnel


def test_a_browser_opens_only_where_there_is_a_screen(served, tmp_path, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr(server.webbrowser, "open", opened.append)
    for has_screen in (False, True):
        monkeypatch.setattr(server, "_has_screen", lambda has_screen=has_screen: has_screen)
        serve(tmp_path, version="0", say=lambda line: None)

    assert opened == [f"http://127.0.0.1:{served[1]}/"]


def test_a_token_is_not_handed_to_a_browser_where_others_see_it(
    served, tmp_path, monkeypatch
):
    """The words that a program is started with are there for every user to read."""
    opened: list[str] = []
    monkeypatch.setattr(server.webbrowser, "open", opened.append)
    monkeypatch.setattr(server, "_has_screen", lambda: True)

    serve(tmp_path, version="0", host="0.0.0.0", say=lambda line: None)

    assert opened == []


def test_a_question_may_name_thousands_of_runs(tmp_path, serving):
    make_run(tmp_path / "run").close()
    others = "&".join(f"run=2026-11-21-0912-digits-resnet-20-{i}" for i in range(5000))

    with serving(tmp_path, Access()) as visitor:
        reply = visitor.get(f"/api/sparklines?{others}&run=run")

    assert list(reply.json["lines"]) == ["run"]


def test_what_a_proxy_says_about_visitors_is_not_believed():
    app = type("App", (), {"asgi": None})()

    assert make_server(app).config.proxy_headers is False
