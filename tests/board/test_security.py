"""Who may look at a board, what it answers to, and what it never gives away."""

import base64
import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from headway.board import security
from headway.board.security import Access, is_loopback
from headway.runs import NOTES, read_notes

from .conftest import Visitor, make_run

HOSTILE = "<img src=x onerror=alert(1)>"
SECRET = "the content of a file outside"


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """Runs, and beside their folder what nobody may see."""
    place = tmp_path_factory.mktemp("place")
    outside = place / "outside"
    make_run(outside, note=SECRET).close()
    (outside / "secret.json").write_text(f'{{"note": "{SECRET}", "tags": []}}')
    (outside / "picture.png").write_text(SECRET)
    root = place / "runs"
    make_run(root / "run").close()
    make_run(root / HOSTILE).close()
    (root / "link").symlink_to(outside)
    (root / "lab").mkdir()
    (root / "lab" / "linked").symlink_to(outside)
    return root


@pytest.fixture(scope="module")
def visitor(root, serving) -> Iterator[Visitor]:
    """A browser on this machine."""
    with serving(root, Access()) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def stranger(root, serving) -> Iterator[Visitor]:
    """Somebody on the network, before a board that asks for a token."""
    with serving(root, Access.to_host("0.0.0.0")) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def guest(stranger) -> Visitor:
    """Somebody on the network who was given the token."""
    welcome = stranger.get(f"/?token={stranger.access.token}")
    cookie = welcome.headers["Set-Cookie"].partition(";")[0]
    return Visitor(stranger.port, stranger.access, stranger.root, {"Cookie": cookie})


# The token.


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.9.10"])
def test_on_loopback_no_token_is_asked_for(host):
    assert is_loopback(host)
    assert Access.to_host(host).token is None


def test_on_loopback_a_token_can_be_asked_for():
    assert Access.to_host("127.0.0.1", with_token=True).token


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_elsewhere_a_token_of_256_random_bits_is_asked_for(host):
    tokens = {Access.to_host(host).token for _ in range(3)}

    assert len(tokens) == 3
    assert all(len(base64.urlsafe_b64decode(f"{token}=")) == 32 for token in tokens)


@pytest.mark.parametrize(
    "target",
    ["/", "/?token=", "/?token=wrong", "/page/app.js", "/api/runs", "/api/changes",
     "/api/session", "/report?id=run", "/nothing"],
)  # fmt: skip
def test_without_the_token_there_is_nothing_to_see(stranger, target):
    reply = stranger.get(target)

    assert reply.status == 401
    assert b"token" in reply.body
    assert "Set-Cookie" not in reply.headers


def test_without_the_token_nothing_is_written(stranger):
    assert stranger.write_note("run").status == 401
    assert not (stranger.root / "run" / NOTES).exists()


def test_the_token_opens_the_page_alone(stranger):
    assert stranger.get(f"/api/runs?token={stranger.access.token}").status == 401


def test_the_token_is_taken_out_of_the_address(stranger):
    reply = stranger.get(f"/?token={stranger.access.token}")

    assert (reply.status, reply.headers["Location"]) == (303, "/")


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(stranger):
    cookie = stranger.get(f"/?token={stranger.access.token}").headers["Set-Cookie"]
    _, *flags = cookie.lower().split("; ")

    assert {"httponly", "samesite=strict", "path=/"} <= set(flags)
    assert stranger.access.token not in cookie


def test_who_was_given_the_token_sees_and_writes(guest):
    assert guest.get("/").status == 200
    assert guest.get("/api/runs").json["runs"]
    assert guest.write_note("run").status == 200


def test_another_cookie_opens_nothing(guest, stranger):
    cookie = guest.headers["Cookie"]

    assert stranger.get("/api/runs", Cookie=f"{cookie}x").status == 401
    assert stranger.get("/api/runs", Cookie=cookie.partition("=")[0] + "=").status == 401


def test_secrets_are_compared_in_constant_time(stranger, guest, monkeypatch):
    compared = []

    def compare(given: bytes, secret: bytes) -> bool:
        compared.append(secret.decode())
        return given == secret

    monkeypatch.setattr(security.secrets, "compare_digest", compare)
    stranger.get("/?token=wrong")
    guest.write_note("run")

    access = stranger.access
    assert {access.token, access.session, access.csrf} <= set(compared)


# Whom a request is addressed to, and which page it comes from.


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:9000", "127.0.0.1", "127.0.0.1:1", "[::1]:8642"]
)
def test_the_board_answers_to_this_machine_also_through_a_tunnel(visitor, host):
    assert visitor.get("/api/runs", Host=host).status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.1.5",
     "[::2]", "[", "localhost:x@evil.example", ""],
)  # fmt: skip
@pytest.mark.parametrize("target", ["/", "/api/session", "/page/app.js", "/report?id=run"])
def test_a_name_that_leads_here_is_not_answered(visitor, host, target):
    reply = visitor.get(target, Host=host)

    assert reply.status in (400, 403)
    assert b"csrf" not in reply.body


def test_on_the_network_addresses_in_numbers_are_answered(guest):
    assert guest.get("/api/runs", Host="10.1.2.3:8642").status == 200
    assert guest.get("/api/runs", Host="[fd00::1]:8642").status == 200


def test_on_the_network_other_names_are_not_answered_with_the_cookie_either(guest):
    assert guest.get("/api/runs", Host="evil.example").status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_pages_of_other_sites_get_no_answers(visitor, site):
    assert visitor.get("/api/runs", Sec_Fetch_Site=site).status == 403
    assert visitor.get("/page/app.js", Sec_Fetch_Site=site).status == 403


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_pages_of_the_board_and_typed_addresses_get_answers(visitor, site):
    assert visitor.get("/api/runs", Sec_Fetch_Site=site).status == 200


def test_a_link_on_another_site_leads_to_the_page(visitor):
    assert visitor.get("/", Sec_Fetch_Site="cross-site").status == 200


def test_no_answer_allows_other_origins_to_read_it(visitor):
    for reply in (
        visitor.get("/api/runs", Origin="https://evil.example"),
        visitor.ask("OPTIONS", "/api/notes", Origin="https://evil.example"),
    ):
        assert not [name for name in reply.headers if name.lower().startswith("access-")]


# Writing.


def test_a_page_of_the_board_writes_notes(visitor):
    reply = visitor.write_note("run", note="deep enough")

    assert (reply.status, reply.json) == (200, {"note": "deep enough", "tags": ["a"]})
    assert read_notes(visitor.root / "run").note == "deep enough"


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Headway_CSRF": None},
        {"X_Headway_CSRF": "wrong"},
        {"Origin": None},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://evil.example", "Host": "evil.example"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=lambda headers: ", ".join(f"{k} {v}" for k, v in headers.items()),
)
def test_nobody_else_writes(visitor, headers):
    reply = visitor.write_note("run", note="not mine", **headers)

    assert reply.status == 403
    assert read_notes(visitor.root / "run").note != "not mine"


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_what_a_form_of_another_site_could_send_is_refused(visitor, kind):
    assert visitor.write_note("run", Content_Type=kind).status == 415


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_but_notes_can_be_written(visitor, method):
    own = {"Origin": f"http://127.0.0.1:{visitor.port}"}
    for target in ("/", "/api/runs", "/api/run?id=run", "/report?id=run", "/page/app.js"):
        reply = visitor.ask(
            method, target, b"{}", X_Headway_CSRF=visitor.access.csrf, **own
        )
        assert reply.status == 405


def test_looking_at_everything_changes_no_file(visitor):
    before = _files(visitor.root)
    for target in ("/", "/api/runs", "/api/run?id=run", "/api/session", "/report?id=run"):
        assert visitor.get(target).status == 200

    assert _files(visitor.root) == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"run": "run"}', 400),
        (b'{"run": "run", "note": 3, "tags": []}', 400),
        (b'{"run": "run", "note": "", "tags": [], "file": "x"}', 400),
        (b" " * 200_000, 413),
    ],
    ids=["torn", "list", "incomplete", "number", "unknown field", "large"],
)
def test_notes_that_are_none_are_refused(visitor, body, status):
    headers = {
        "Content_Type": "application/json",
        "Origin": f"http://127.0.0.1:{visitor.port}",
        "X_Headway_CSRF": visitor.access.csrf,
    }

    reply = visitor.ask("POST", "/api/notes", body, **headers)

    assert (reply.status, list(reply.json)) == (status, ["error"])


# Nothing outside the folder.

ESCAPES = [
    "../outside",
    "run/../../outside",
    "/etc",
    "..",
    "link",
    "link/../run",
    "lab/linked",
    "./run",
    "run/",
    "run\0",
    "%2e%2e/outside",
    "..\\outside",
    "checkpoints",
    "",
]


@pytest.mark.parametrize("run", ESCAPES)
@pytest.mark.parametrize(
    "target",
    ["/api/run?id=", "/api/layers?id=", "/api/predictions?id=", "/report?id=",
     "/api/series?metric=train/loss&run=", "/api/sparklines?run=",
     "/api/csv?metric=train/loss&run=", "/api/sweep?id=", "/api/lab/picture?name="],
)  # fmt: skip
def test_ids_that_lead_out_of_the_folder_lead_nowhere(visitor, target, run):
    reply = visitor.get(target + quote(run, safe=""))

    assert reply.status == 404
    assert SECRET.encode() not in reply.body


@pytest.mark.parametrize("run", ESCAPES)
def test_notes_are_not_written_out_of_the_folder(visitor, run):
    assert visitor.write_note(run).status == 404
    assert not (visitor.root.parent / "outside" / NOTES).exists()


def test_an_absolute_path_leads_nowhere(visitor):
    outside = visitor.root.parent / "outside"

    assert visitor.get(f"/api/run?id={quote(str(outside), safe='')}").status == 404


def test_linked_folders_are_not_among_the_runs(visitor):
    names = {row["id"] for row in visitor.get("/api/runs").json["runs"]}

    assert names == {"run", HOSTILE}


@pytest.mark.parametrize(
    "name", ["metrics.jsonl", "events.jsonl", "recipe.toml", "notes.json", "layers.jsonl",
             "predictions.json"]
)  # fmt: skip
def test_files_of_a_run_that_are_links_are_not_read(tmp_path, serving, root, name):
    folder = shutil.copytree(root / "run", tmp_path / "runs" / "run")
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(root.parent / "outside" / "secret.json")

    with serving(tmp_path / "runs", Access()) as visitor:
        for target in (
            "/api/runs",
            "/api/run?id=run",
            "/api/layers?id=run",
            "/api/predictions?id=run",
            "/api/csv?run=run&metric=note",
        ):
            assert SECRET.encode() not in visitor.get(target).body


def test_a_note_is_not_written_through_a_link(tmp_path, serving, root):
    folder = shutil.copytree(root / "run", tmp_path / "runs" / "run")
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (folder / NOTES).unlink(missing_ok=True)
    (folder / NOTES).symlink_to(victim)

    with serving(tmp_path / "runs", Access()) as visitor:
        assert visitor.write_note("run").status == 200

    assert victim.read_text() == "precious"


@pytest.mark.parametrize(
    "target",
    ["/page/../app.py", "/page/%2e%2e/app.py", "/page//etc/passwd", "/page/views/../../app.py",
     "/page/..%2fapp.py", "/page/", "/page/index.html", "/../app.py", "/page/app.js%00"],
)  # fmt: skip
def test_files_beside_those_of_the_page_are_not_served(visitor, target):
    assert visitor.get(target).status == 404


@pytest.mark.parametrize("number", ["0", "-1", "1e3", "", "99999", "9" * 5000, "²"])
def test_numbers_out_of_range_are_refused(visitor, number):
    for target in ("series?run=run&points=", "layers?id=run&times="):
        assert visitor.get(f"/api/{target}{quote(number)}").status == 400


# What a browser is told, and what it is given of names from runs.


@pytest.mark.parametrize(
    ("target", "status"),
    [("/", 200), ("/api/runs", 200), ("/page/app.js", 200), ("/api/run?id=x", 404),
     ("/nothing", 404), ("/api/notes", 405), ("/report?id=run", 200)],
)  # fmt: skip
def test_every_answer_has_the_headers_that_keep_it_in_place(visitor, target, status):
    reply = visitor.get(target)

    assert reply.status == status
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["X-Frame-Options"] == "DENY"
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert reply.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "Server" not in reply.headers


def test_answers_that_are_refused_have_the_headers_too(stranger):
    assert "Content-Security-Policy" in stranger.get("/").headers
    assert "Content-Security-Policy" in stranger.get("/", Host="evil.example").headers


def test_the_policy_allows_nothing_inline_and_no_eval(visitor):
    policy = visitor.get("/").headers["Content-Security-Policy"]

    assert not re.search(r"unsafe|\*|https?:", policy)
    for part in ("base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"):
        assert part in policy


def test_the_one_inline_script_is_allowed_by_its_hash(visitor):
    reply = visitor.get("/")
    inline = re.findall(r"<script[^>]*>([^<]+)</script>", reply.body.decode())
    digest = base64.b64encode(hashlib.sha256(inline[0].encode()).digest()).decode()

    assert len(inline) == 1
    assert f"'sha256-{digest}'" in reply.headers["Content-Security-Policy"]


def test_the_page_is_the_same_whatever_the_runs_are_called(visitor):
    assert HOSTILE.encode() not in visitor.get("/").body


def test_names_from_runs_come_as_json_that_no_browser_takes_for_a_page(visitor):
    reply = visitor.get("/api/runs")

    assert HOSTILE in {row["name"] for row in reply.json["runs"]}
    assert reply.headers["Content-Type"] == "application/json"


def test_messages_with_names_from_a_request_are_no_page_either(visitor):
    reply = visitor.get(f"/api/run?id={quote(HOSTILE)}x")

    assert (reply.status, reply.headers["Content-Type"]) == (404, "application/json")


def test_the_name_of_a_download_cannot_break_out_of_its_header(visitor):
    disposition = visitor.get(f"/report?id={quote(HOSTILE)}").headers["Content-Disposition"]

    assert disposition == 'attachment; filename="-img-src-x-onerror-alert-1--.html"'


def test_answers_are_not_kept_by_the_browser(visitor):
    assert visitor.get("/api/runs").headers["Cache-Control"] == "no-store"


def test_files_of_the_page_are_asked_for_again_and_sent_only_if_new(visitor):
    tag = visitor.get("/page/app.js").headers["ETag"]
    again = visitor.get("/page/app.js", If_None_Match=tag)

    assert (again.status, again.body) == (304, b"")
    assert again.headers["Cache-Control"] == "no-cache"


def _files(root: Path) -> dict[Path, tuple[int, int]]:
    stats = {path: path.lstat() for path in root.rglob("*")}
    return {path: (stat.st_size, stat.st_mtime_ns) for path, stat in stats.items()}
