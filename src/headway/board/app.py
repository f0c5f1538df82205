"""The web application: addresses mapped to the answers of a Board."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from headway.board.board import Board
from headway.board.live import Changes
from headway.board.page import read_file, served_page
from headway.board.report import build_report
from headway.board.security import Access, Guard, refusal
from headway.errors import HeadwayError, InputError, RunError
from headway.runs import write_notes

_MAX_BODY_BYTES = 100_000
# From this many bytes on an answer is compressed: the board may be at the end of a tunnel.
_LARGE = 50_000
_MAX_POINTS = 5000
_MAX_TIMES = 2000
# Kept by the browser, which asks each time whether it is still so.
_KEPT = {"Cache-Control": "no-cache"}

_ANSWERS: dict[str, Callable[[Board, QueryParams], Any]] = {
    "runs": lambda board, query: board.runs(query.getlist("run") or None),
    "run": lambda board, query: board.run(query.get("id", "")),
    "layers": lambda board, query: board.layers(
        query.get("id", ""), _number(query, "times", 400, _MAX_TIMES)
    ),
    "predictions": lambda board, query: board.predictions(query.get("id", "")),
    "series": lambda board, query: board.series(
        query.getlist("run"),
        query.getlist("metric"),
        query.get("x", "step"),
        _number(query, "points", 1000, _MAX_POINTS),
    ),
    "sparklines": lambda board, query: board.sparklines(
        query.getlist("run"), query.get("metric", "")
    ),
    "sweeps": lambda board, query: board.sweeps(),
    "sweep": lambda board, query: board.sweep(query.get("id", ""), query.get("metric", "")),
    "lab": lambda board, query: board.lab(),
}


class _NewNotes(msgspec.Struct, forbid_unknown_fields=True):
    run: str
    note: str
    tags: list[str]


class BoardApp:
    """Answers pages, and tells them what changes.

    Attributes:
        asgi: What a server calls.
        changes: Live updates, to be closed before the server stops.

    Args:
        root: Folder of runs; it need not exist yet.
        access: Who may look.
        version: Version of headway, shown on the page.
    """

    def __init__(self, root: Path, *, access: Access, version: str) -> None:
        # A Board keeps what it has read, so one thread at a time may ask it.
        self._board = Board(root)
        self._lock = threading.Lock()
        self._root = root
        self._version = version
        self._csrf = access.csrf
        self._html, policy = served_page()
        self.changes = Changes(self._poll)
        app = Starlette(
            routes=[
                Route("/", self._page),
                Route("/page/{name:path}", _page_file),
                Route("/api/session", self._session),
                *(Route(f"/api/{name}", self._answer(name)) for name in _ANSWERS),
                Route("/api/lab/picture", self._lab_picture),
                Route("/api/csv", self._csv),
                Route("/api/changes", self._stream),
                Route("/api/notes", self._notes, methods=["POST"]),
                Route("/report", self._report),
            ],
            middleware=[Middleware(GZipMiddleware, minimum_size=_LARGE, compresslevel=1)],
            exception_handlers={HTTPException: _http_error, HeadwayError: _headway_error},
        )
        self.asgi = Guard(app, access=access, policy=policy)

    def _page(self, request: Request) -> Response:
        return HTMLResponse(self._html, headers=_KEPT)

    def _session(self, request: Request) -> Response:
        return _json(
            {
                "version": self._version,
                "root": str(self._root.absolute()),
                "csrf": self._csrf,
                "is_report": False,
            }
        )

    def _poll(self) -> Any:
        with self._lock:
            return self._board.changes()

    def _answer(self, name: str) -> Callable[[Request], Response]:
        def endpoint(request: Request) -> Response:
            with self._lock:
                answer = _ANSWERS[name](self._board, request.query_params)
            return _json(answer)

        return endpoint

    def _lab_picture(self, request: Request) -> Response:
        with self._lock:
            picture = self._board.lab_picture(request.query_params.get("name", ""))
        return Response(picture, media_type="image/png", headers=_KEPT)

    def _csv(self, request: Request) -> Response:
        query = request.query_params
        with self._lock:
            pieces = self._board.csv(query.getlist("run"), query.getlist("metric"))
            first = next(pieces, "")
        headers = _download("metrics.csv")
        rest = self._pieces(first, pieces)
        return StreamingResponse(rest, media_type="text/csv", headers=headers)

    def _pieces(self, first: str, others: Iterator[str]) -> Iterator[str]:
        piece: str | None = first
        while piece is not None:
            yield piece
            with self._lock:
                piece = next(others, None)

    async def _stream(self, request: Request) -> Response:
        return StreamingResponse(self.changes.stream(), media_type="text/event-stream")

    async def _notes(self, request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            raise HTTPException(415, "notes are written as application/json")
        wanted = _decode(await _body(request))
        return await run_in_threadpool(self._write_notes, wanted)

    def _write_notes(self, wanted: _NewNotes) -> Response:
        with self._lock:
            folder = self._board.folder(wanted.run)
            try:
                kept = write_notes(folder, note=wanted.note, tags=wanted.tags)
            except RunError as error:
                raise HTTPException(507, str(error)) from error
        return _json({"note": kept.note, "tags": kept.tags})

    def _report(self, request: Request) -> Response:
        with self._lock:
            ids = request.query_params.getlist("id") or [""]
            folders = [self._board.folder(run) for run in ids]
        name = f"{folders[0].name}.html" if len(folders) == 1 else "runs.html"
        return HTMLResponse(
            build_report(folders, version=self._version), headers=_download(name)
        )


def _page_file(request: Request) -> Response:
    file = read_file(request.path_params["name"])
    if file is None:
        raise HTTPException(404, "the page has no such file")
    headers = {**_KEPT, "ETag": file.tag}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.type, headers=headers)


def _json(answer: Any) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")


def _download(name: str) -> dict[str, str]:
    safe = re.sub(r"[^\w.-]", "-", name, flags=re.ASCII)
    return {"Content-Disposition": f'attachment; filename="{safe}"'}


def _number(query: QueryParams, name: str, default: int, most: int) -> int:
    text = query.get(name, str(default))
    if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= most:
        raise InputError(f"{name} must be a whole number from 1 to {most}, got {text!r}")
    return int(text)


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            raise HTTPException(413, f"at most {_MAX_BODY_BYTES:,} bytes are taken")
    return body


def _decode(body: bytes) -> _NewNotes:
    try:
        return msgspec.json.decode(body, type=_NewNotes)
    except msgspec.DecodeError as error:
        raise InputError(f"the notes cannot be read: {error}") from error


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return refusal(error.status_code, error.detail)


def _headway_error(request: Request, error: Exception) -> Response:
    if isinstance(error, RunError):
        return refusal(404, str(error))
    return refusal(400 if isinstance(error, InputError) else 500, str(error))
