"""A report holds what the page asks for, is safe whatever the runs hold, and stays small."""

import base64
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headway.board import build_report, write_report
from headway.board.page import FOLDER
from headway.errors import RunError
from headway.runs import RunRecord, write_notes

from .conftest import make_run

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
NAME = "<script>alert(1)<&script>"
LAYER_NUMBERS = (
    "activation_std",
    "dead_fraction",
    "saturated_fraction",
    "grad_norm",
    "update_ratio",
)


class Page(HTMLParser):
    """The elements of a page, as a browser finds them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._is_inside = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.texts.append("")
        self._is_inside = True

    def handle_endtag(self, tag):
        self._is_inside = False

    def handle_data(self, data):
        if self._is_inside:
            self.texts[-1] += data

    def text_of(self, tag: str, **attributes: str) -> str:
        """Return the text of the one element like this."""
        found = [
            text
            for (name, attrs), text in zip(self.tags, self.texts, strict=True)
            if name == tag and attributes.items() <= attrs.items()
        ]
        assert len(found) == 1
        return found[0]


def content_of(html: str) -> dict[str, Any]:
    """Return what `source.js` unpacks."""
    packed = Page(html).text_of("script", id="board-data")
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def report_of(*folders: Path) -> str:
    return build_report(folders, version="1.2.3")


@pytest.fixture
def run(tmp_path) -> Path:
    make_run(tmp_path / "runs" / "run").close()
    return tmp_path / "runs" / "run"


def test_the_page_finds_its_answers(run):
    content = content_of(report_of(run))
    answers = content["answers"]

    assert content["session"]["is_report"] is True
    assert content["session"]["version"] == "1.2.3"
    assert answers["/api/run?id=."]["row"]["name"] == "run"
    assert [row["id"] for row in answers["/api/runs"]["runs"]] == ["."]
    assert list(answers["/api/sparklines?run=."]["lines"]) == ["."]


@pytest.mark.parametrize("axis", ["step", "epoch", "time", "samples"])
def test_every_curve_is_there_on_every_axis(run, axis):
    key = f"/api/series?metric=train%2Floss&run=.&x={axis}"
    [curve] = content_of(report_of(run))["answers"][key]["series"]

    assert curve["y"] == pytest.approx([1, 1 / 2, 1 / 3])


def test_names_of_answers_are_those_of_the_page(tmp_path):
    """JavaScript's encodeURIComponent leaves other characters alone than Python does."""
    make_run(tmp_path / "runs" / "a b!~*'()ü&=").close()
    make_run(tmp_path / "runs" / "b").close()
    folders = [tmp_path / "runs" / "a b!~*'()ü&=", tmp_path / "runs" / "b"]

    answers = content_of(report_of(*folders))["answers"]

    assert "/api/run?id=a%20b!~*'()%C3%BC%26%3D" in answers


def test_several_runs_from_several_places_are_in_one_report(tmp_path):
    folders = [tmp_path / "runs" / "a", tmp_path / "elsewhere" / "deep" / "b"]
    for folder in folders:
        make_run(folder).close()
    make_run(tmp_path / "runs" / "not-asked-for").close()

    html = report_of(*folders)
    answers = content_of(html)["answers"]

    ids = {row["id"] for row in answers["/api/runs"]["runs"]}

    assert Page(html).text_of("title") == "a, b"
    assert ids == {"runs/a", "elsewhere/deep/b"}
    assert "/api/run?id=elsewhere%2Fdeep%2Fb" in answers


def test_a_run_that_is_named_by_a_link_is_found(run, tmp_path):
    (tmp_path / "link").symlink_to(run)

    assert content_of(report_of(tmp_path / "link"))["answers"]["/api/run?id=."]


def test_a_folder_that_holds_no_run_is_refused(tmp_path):
    with pytest.raises(RunError):
        report_of(tmp_path)


def test_the_report_needs_nothing_else(run):
    for tag, attributes in Page(report_of(run)).tags:
        for name in ("src", "href", "srcset", "action"):
            value = attributes.get(name) or ""
            assert value.startswith(("data:", "#")) or not value, (tag, value)


def test_every_module_of_the_page_is_in_it(run):
    import_map = json.loads(Page(report_of(run)).text_of("script", type="importmap"))
    code = {
        name: base64.b64decode(address.partition(",")[2])
        for name, address in import_map["imports"].items()
    }

    assert code == {
        f"board/{path.relative_to(FOLDER).as_posix()}": path.read_bytes()
        for path in FOLDER.rglob("*.js")
    }


def test_the_policy_allows_what_is_in_it_and_no_network(run):
    page = Page(report_of(run))
    policy = next(
        attributes["content"]
        for tag, attributes in page.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    inline = [
        text
        for (tag, attributes), text in zip(page.tags, page.texts, strict=True)
        if tag == "style"
        or (tag == "script" and attributes["type"] in ("importmap", "module"))
    ]

    assert len(inline) == 2 + 2
    for text in inline:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert not re.search(r"unsafe|\*|https?:|connect-src|'self'", policy)


def hostile_run(folder: Path) -> None:
    """Write a run that has markup wherever a run has text."""
    record = RunRecord.create(
        folder,
        recipe={"seed": 0, "data": {"source": HOSTILE}, "model": {"name": HOSTILE}},
        environment={
            "total_steps": 1,
            "command": [HOSTILE],
            "notes": [HOSTILE],
            "data": {"name": HOSTILE, "classes": [HOSTILE]},
        },
    )
    record.event("started", step=0)
    record.event("finding", step=0, cause=HOSTILE, severity="error", evidence=HOSTILE)
    record.event(HOSTILE, text=HOSTILE)
    record.log(1, {HOSTILE: 1.0})
    record.close()
    write_notes(folder, note=HOSTILE, tags=[HOSTILE[:60]])
    predictions = {"part": "val", "step": 1, "classes": [HOSTILE], "mistakes": []}
    (folder / "predictions.json").write_text(json.dumps(predictions))
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(f"{HOSTILE}\n")


def test_markup_in_a_run_stays_text(tmp_path, run):
    hostile_run(tmp_path / "runs" / NAME)
    html = report_of(tmp_path / "runs" / NAME)
    tame, hostile = Page(report_of(run)), Page(html)

    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in tame.tags]
    assert "alert(1)" not in html.replace("&lt;script>alert(1)&lt;&amp;script>", "")
    assert HOSTILE in json.dumps(content_of(html), ensure_ascii=False)


def test_markup_in_the_name_of_a_run_is_no_markup_in_the_title(tmp_path):
    hostile_run(tmp_path / NAME)

    assert Page(report_of(tmp_path / NAME)).text_of("title") == NAME


def deep_run(folder: Path, *, layers: int, rows: int) -> None:
    """Write a long training of a deep network, with noise that hardly compresses."""
    generator = np.random.default_rng(0)
    record = make_run(folder, rows=1)
    with (folder / "metrics.jsonl").open("a") as file:
        for step in range(2, rows):
            values = {f"train/metric-{i}": generator.random() for i in range(12)}
            file.write(json.dumps({"step": step, "time": step / 7, **values}) + "\n")
    record.close()
    kinds = [{"name": f"blocks.{i}.conv", "kind": "Conv2d"} for i in range(layers)]
    with (folder / "layers.jsonl").open("w") as file:
        file.write(json.dumps({"layers": kinds}) + "\n")
        for step in range(400):
            numbers = {
                name: [float(f"{x:.4g}") for x in generator.lognormal(size=layers)]
                for name in LAYER_NUMBERS
            }
            file.write(json.dumps({"step": step, "time": step, **numbers}) + "\n")


@pytest.mark.slow
def test_a_report_of_1202_layers_is_under_3_mb(tmp_path):
    deep_run(tmp_path / "deep", layers=2404, rows=5000)

    assert len(report_of(tmp_path / "deep")) < 3_000_000


def test_a_report_of_110_layers_is_under_3_mb(tmp_path):
    deep_run(tmp_path / "deep", layers=220, rows=2000)
    html = report_of(tmp_path / "deep")
    layers = content_of(html)["answers"]["/api/layers?id=."]

    assert len(html) < 3_000_000
    assert len(layers["layers"]) == 220
    assert len(layers["steps"]) > 200


def test_a_report_is_written_whole_and_not_through_a_link(run, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path = run / "report.html"
    path.symlink_to(victim)
    path.with_name("report.html.tmp").symlink_to(victim)

    write_report([run], path, version="1")

    assert victim.read_text() == "precious"
    assert content_of(path.read_text())["session"]["version"] == "1"


def test_a_diverged_run_has_a_report(tmp_path):
    record = make_run(tmp_path / "run")
    record.log(4, {"train/loss": float("nan")})
    record.event("diverged", step_of_divergence=4, lr=0.1, cause="too fast")
    record.close()

    answers = content_of(report_of(tmp_path / "run"))["answers"]

    assert answers["/api/run?id=."]["row"]["state"] == "diverged"
    [curve] = answers["/api/series?metric=train%2Floss&run=.&x=step"]["series"]
    assert curve["not_finite"] == [4]
