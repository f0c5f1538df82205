"""The findings of the lab on one page: as HTML with everything in it, and as Markdown."""

import base64
import html
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from headway.lab.running import Finding
from headway.lab.verdict import Check, Verdict

_CLASSES = {
    Verdict.REPRODUCED: "yes",
    Verdict.NOT_REPRODUCED: "no",
    Verdict.INCONCLUSIVE: "open",
    Verdict.NOT_RUN: "open",
}
_COLORS = 128
_CAME_OUT = {True: "holds", False: "fails", None: "holds in some seeds"}
_WHERE = {"each": "", "most": " (in three of four seeds)", "mean": " (in the mean)"}
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ddd;
  vertical-align: top; }
img { width: 100%; height: auto; }
.yes { color: #00664d; } .no { color: #a84300; } .open { color: #555; }
.verdict { font-weight: 600; white-space: nowrap; }
.source, .note { color: #555; font-size: 14px; }
@media (prefers-color-scheme: dark) {
  body { color: #e6e6e6; background: #161616; } th, td { border-color: #333; }
  img { background: #fff; } .yes { color: #4cc9a4; } .no { color: #ff9a55; }
  .open, .source, .note { color: #aaa; }
}
"""


def to_html(findings: Sequence[Finding]) -> str:
    """Return a page that needs nothing but itself."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>headway lab</title><style>{_STYLE}</style></head><body>",
        "<h1>Claims about training deep networks, put to the test</h1>",
        f"<p>{html.escape(summary(findings))}</p>",
        "<table><tr><th>experiment</th><th>claim</th><th>verdict</th><th>time</th></tr>",
        *(_html_row(finding) for finding in findings),
        "</table>",
        *(_html_section(finding) for finding in findings),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def to_markdown(findings: Sequence[Finding], *, pictures: str) -> str:
    """Return the gallery; `pictures` is the folder of the pictures as the page links it."""
    rows = [
        f"| [{f.experiment.name}](#{f.experiment.name}) | {f.experiment.claim} "
        f"| {f.verdict} | {_time(f)} |"
        for f in findings
    ]
    sections = [_markdown_section(finding, pictures) for finding in findings]
    head = [summary(findings), "", "| experiment | claim | verdict | time |"]
    return "\n".join([*head, "| --- | --- | --- | ---: |", *rows, "", *sections])


def copy_pictures(findings: Sequence[Finding], folder: Path) -> None:
    """Put the pictures into a folder, named after their experiments, in a palette of colors."""
    folder.mkdir(parents=True, exist_ok=True)
    for finding in findings:
        if finding.picture is not None:
            with Image.open(finding.picture) as picture:
                small = picture.convert("RGB").quantize(_COLORS)
            small.save(folder / f"{finding.experiment.name}.png", optimize=True)


def summary(findings: Sequence[Finding]) -> str:
    """Return how many claims came out how, as a sentence."""
    counts = dict.fromkeys(Verdict, 0)
    for finding in findings:
        counts[finding.verdict] += 1
    words = [f"{count} {verdict.lower()}" for verdict, count in counts.items() if count]
    return f"{len(findings)} claims: {', '.join(words)}."


def sentence(check: Check) -> str:
    """Return a requirement with how it came out and the number of each seed."""
    requirement = check.requirement
    text = ("control: " if requirement.is_control else "") + requirement.text
    values = ", ".join(f"{value:.4g}" for value in check.values)
    return f"{text}{_WHERE[requirement.where]}: {_CAME_OUT[check.is_met]} [{values}]"


def _html_row(finding: Finding) -> str:
    name = finding.experiment.name
    return (
        f'<tr><td><a href="#{name}">{name}</a></td>'
        f"<td>{html.escape(finding.experiment.claim)}</td>"
        f'<td class="verdict {_CLASSES[finding.verdict]}">{finding.verdict}</td>'
        f"<td>{_time(finding)}</td></tr>"
    )


def _html_section(finding: Finding) -> str:
    experiment = finding.experiment
    lines = [
        f'<h2 id="{experiment.name}">{experiment.name}</h2>',
        f"<p>{html.escape(experiment.claim)} "
        f'<span class="verdict {_CLASSES[finding.verdict]}">{finding.verdict}</span></p>',
        f'<p class="source">{html.escape(experiment.source)}</p>',
    ]
    if finding.picture is not None:
        coded = base64.b64encode(finding.picture.read_bytes()).decode()
        lines.append(f'<img alt="{experiment.name}" src="data:image/png;base64,{coded}">')
    checks = "".join(f"<li>{html.escape(sentence(check))}</li>" for check in finding.checks)
    lines.append(f"<ul>{checks}</ul>")
    notes = [note for note in (experiment.note, finding.error) if note]
    lines += [f'<p class="note">{html.escape(note)}</p>' for note in notes]
    return "\n".join(lines)


def _markdown_section(finding: Finding, pictures: str) -> str:
    experiment = finding.experiment
    lines = [
        f"## {experiment.name}",
        "",
        f"**{experiment.claim}** {finding.verdict}",
        "",
        f"Source: {experiment.source}.",
        "",
    ]
    if finding.picture is not None:
        lines += [f"![{experiment.name}]({pictures}/{experiment.name}.png)", ""]
    lines += [f"- {sentence(check)}" for check in finding.checks]
    notes = [note for note in (experiment.note, finding.error) if note]
    for note in notes:
        lines += ["", note]
    return "\n".join([*lines, ""])


def _time(finding: Finding) -> str:
    return f"{finding.seconds:.0f} s" if finding.picture is not None else ""
