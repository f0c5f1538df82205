"""Who may talk to the board: names it answers to, the token and the guard at its door."""

import ipaddress
import secrets
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FOREIGN = ("cross-site", "same-site")
_NO_TOKEN = (
    "This board asks for a token. Open the address that `headway board` printed when it "
    "started. If you have just done that, reload this page."
)


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a request must know, and what it may call the board.

    Attributes:
        token: What the first address of a visitor must hold; None where every visitor comes
            from this machine.
        names: Names of this machine that a request may be addressed to, in lower case, beside
            its addresses in numbers.
        session: Content of the cookie of a visitor who knew the token.
        csrf: What only pages of this board can read, and must send with what they write.
    """

    token: str | None = None
    names: frozenset[str] = frozenset({"localhost"})
    session: str = field(default_factory=_secret)
    csrf: str = field(default_factory=_secret)

    @classmethod
    def to_host(cls, host: str, *, with_token: bool = False) -> "Access":
        """Return the access to a board at `host`: free on loopback, by a token elsewhere.

        Args:
            host: Address or name that the board listens at.
            with_token: Ask for a token on loopback too.
        """
        if is_loopback(host):
            return cls(token=_secret() if with_token else None)
        names = {"localhost", host.lower(), socket.gethostname().lower()}
        return cls(token=_secret(), names=frozenset({*names, socket.getfqdn().lower()}))

    def is_addressed(self, request: Request) -> bool:
        """Return whether a request names this machine, and not a name that leads here.

        A page of another site can make its own name lead to this machine and then read
        everything, as "its own" site. It cannot do so with an address in numbers.
        """
        name = _host_name(request.headers.get("host", ""))
        if name is None or name in self.names:
            return name is not None
        return is_loopback(name) or (self.token is not None and _is_address(name))

    def knows_token(self, request: Request) -> bool:
        """Return whether the address of a request holds the token."""
        return self.token is not None and _is_same(
            request.query_params.get("token", ""), self.token
        )

    def has_session(self, request: Request) -> bool:
        """Return whether a request comes from a visitor who knew the token, if one is due."""
        cookie = request.cookies.get(cookie_name(request), "")
        return self.token is None or _is_same(cookie, self.session)

    def may_write(self, request: Request) -> bool:
        """Return whether a request comes from a page of this board."""
        origin = urlsplit(request.headers.get("origin", ""))
        is_own = origin.scheme in ("http", "https") and _is_same(
            origin.netloc.lower(), request.headers.get("host", "").lower()
        )
        return is_own and _is_same(request.headers.get("x-headway-csrf", ""), self.csrf)


class Guard:
    """Lets requests through to `app` that may come, and puts headers on every answer.

    Args:
        app: The board.
        access: Who may talk to it.
        policy: Its Content-Security-Policy.
    """

    def __init__(self, app: ASGIApp, *, access: Access, policy: str) -> None:
        self._app = app
        self._access = access
        self._headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have `app` answer it."""
        if scope["type"] != "http":
            return
        answer = self._answer(Request(scope)) or self._app
        await answer(scope, receive, self._with_headers(send))

    def _answer(self, request: Request) -> Response | None:
        """Return the answer to a request that must not reach the board."""
        if not self._access.is_addressed(request):
            return refusal(403, "the board does not answer to this name; use the address it "
            "printed, or --host with the name that you want to use")  # fmt: skip
        if request.url.path == "/" and self._access.knows_token(request):
            return self._welcome(request)
        if not self._access.has_session(request):
            return _ask_for_token(request)
        if request.url.path != "/" and _is_foreign(request):
            return refusal(403, "the board does not answer to pages of other sites")
        if request.method not in ("GET", "HEAD") and not self._access.may_write(request):
            return refusal(403, "only a page of this board may write; reload it")
        return None

    def _welcome(self, request: Request) -> Response:
        """Remember the visitor, and take the token out of the address."""
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(
            cookie_name(request), self._access.session, httponly=True, samesite="strict"
        )
        return response

    def _with_headers(self, send: Send) -> Send:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        return send_with_headers


def refusal(status: int, text: str) -> Response:
    """Return an answer that says why there is none."""
    return JSONResponse({"error": text}, status_code=status)


def cookie_name(request: Request) -> str:
    """Return the name of the cookie, its own for each board of a machine."""
    _, port = request.scope["server"]
    return f"headway_board_{port}"


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach `host`.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
        (True, True, False)
    """
    if host.lower() == "localhost":
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _host_name(header: str) -> str | None:
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None


def _is_same(given: str, secret: str) -> bool:
    return secrets.compare_digest(given.encode(), secret.encode())


def _is_foreign(request: Request) -> bool:
    return request.headers.get("sec-fetch-site") in _FOREIGN


def _ask_for_token(request: Request) -> Response:
    if request.url.path.startswith("/api/"):
        return refusal(401, _NO_TOKEN)
    return PlainTextResponse(_NO_TOKEN, status_code=401)
