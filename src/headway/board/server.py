"""Serving the board to a browser, until Ctrl-C."""

import contextlib
import errno
import os
import socket
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from headway.errors import InputError, RunError

if TYPE_CHECKING:
    import uvicorn

    from headway.board.app import BoardApp

_LOOPBACK = "127.0.0.1"
# The same address each time, where it is free, so that a bookmark leads somewhere.
_FIRST_PORT = 8642
_NUM_PORTS = 20
_LAST_PORT = 65535
_SECONDS_TO_STOP = 3
# Questions about a thousand runs name each of them.
_ADDRESS_BYTES = 1 << 20


def serve(
    root: Path,
    *,
    version: str,
    host: str = _LOOPBACK,
    port: int | None = None,
    with_token: bool = False,
    opens_browser: bool = True,
    say: Callable[[str], None],
) -> None:
    """Serve the board of the runs below `root` until Ctrl-C.

    Args:
        root: Folder of runs; it need not exist yet.
        version: Version of headway, shown on the page.
        host: Address or name to listen at; elsewhere than on loopback, visitors need the
            token that is part of the printed address.
        port: Port; a free one where None.
        with_token: Ask for the token on loopback too, which other users of this machine reach.
        opens_browser: Show the page, where there is a screen.
        say: Prints a line.

    Raises:
        InputError: If the host is none of this machine's, or the port is taken.
        RunError: If `root` is a file.
    """
    if root.exists() and not root.is_dir():
        raise RunError(f"{root} is a file, not a folder of runs")
    with _listen(host, port) as listening:
        from headway.board.app import BoardApp
        from headway.board.security import Access

        access = Access.to_host(host, with_token=with_token)
        server = make_server(BoardApp(root, access=access, version=version))
        address = _address(host, listening.getsockname()[1])
        for line in _words(root, host, address, access.token):
            say(line)
        if opens_browser and access.token is None and _has_screen():
            webbrowser.open(address)
        with contextlib.suppress(KeyboardInterrupt):
            server.run([listening])


def make_server(app: "BoardApp") -> "uvicorn.Server":
    """Return a server of the board that ends its streams before it waits for their end."""
    import uvicorn

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.changes.close()
            await super().shutdown(sockets)

    config = uvicorn.Config(
        app.asgi,
        http="h11",
        h11_max_incomplete_event_size=_ADDRESS_BYTES,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        # Headers that name another visitor are for those who trust a proxy.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_SECONDS_TO_STOP,
    )
    return Server(config)


def _listen(host: str, port: int | None) -> socket.socket:
    if port is not None and not 0 <= port <= _LAST_PORT:
        raise InputError(f"a port is a number from 0 to {_LAST_PORT}, got {port}")
    usual = range(_FIRST_PORT, _FIRST_PORT + _NUM_PORTS)
    for each in [*usual, 0] if port is None else [port]:
        try:
            return _bound(host, each)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise InputError(_refused(host, each, error)) from error
    raise InputError(
        f"port {port} is taken; choose another one, or leave --port out for a free one"
    )


def _bound(host: str, port: int) -> socket.socket:
    family, *_, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    return socket.create_server(address[:2], family=family)


def _refused(host: str, port: int, error: OSError) -> str:
    reason = error.strerror or str(error)
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{host!r} is no address of this machine ({reason}); 0.0.0.0 stands for all"
    return f"cannot listen at {host}, port {port}: {reason}"


def _address(host: str, port: int) -> str:
    name = socket.gethostname() if host in ("0.0.0.0", "::", "") else host
    return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"


def _words(root: Path, host: str, address: str, token: str | None) -> list[str]:
    from headway.board.security import is_loopback

    lines = [f"board of {root}: {address}" + (f"?token={token}" if token else "")]
    if not is_loopback(host):
        lines.append(
            "Whoever has this address can see the runs. It is not encrypted: over a network "
            "that you do not trust, leave --host out and use ssh -L."
        )
    elif "SSH_CONNECTION" in os.environ:
        port = address.rstrip("/").rpartition(":")[2]
        lines.append(
            f"On your own machine: ssh -L {port}:{_LOOPBACK}:{port} {socket.gethostname()}"
        )
    return [*lines, "Ctrl-C ends it."]


def _has_screen() -> bool:
    """Return whether a browser would open a window, not take over the terminal."""
    if "SSH_CONNECTION" in os.environ or not sys.stdout.isatty():
        return False
    has_display = "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    return has_display or not sys.platform.startswith("linux")
