"""Train a few small networks and take the pictures of docs/board.md.

    uv run --group browser python docs/board/make_screenshots.py [--runs DIR] [--lab DIR]

Runs that are in DIR already are not trained again. The lab's pictures come from a folder that
`headway lab run` has written, or from four quick experiments.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
EXPERIMENTS = ("degradation", "he-initialization", "vanishing-gradients", "learning-curves")
_QUIET = ("--quiet",)
_PICTURES_ARE_THERE = """() => [...document.images].every((image) =>
  image.complete || image.getBoundingClientRect().top > innerHeight)"""
# Long enough for a chart or a heat map to be drawn.
_SETTLE_MILLISECONDS = 900


def train(root: Path, name: str, model: str, *settings: str, epochs: int = 6) -> None:
    """Train on the digits, unless that is done already; a divergence is a result too."""
    out = root / name
    if (out / "environment.json").exists():
        return
    chosen = [f"training.epochs={epochs}", *settings]
    command = ["train", "digits", "--model", model, "--out", str(out), "--set", *chosen]
    headway(*command, *_QUIET)


def headway(*arguments: str) -> int:
    """Run the command line and return its exit code."""
    say("headway", *arguments)
    return subprocess.run([sys.executable, "-m", "headway", *arguments]).returncode


def say(*words: str) -> None:
    """Print what is being done."""
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def train_everything(root: Path, lab: Path | None) -> None:
    """Train at several depths, with and without shortcuts, one that diverges, and a sweep."""
    for depth, epochs in ((20, 6), (56, 8), (110, 12)):
        train(root, f"resnet-{depth}", f"resnet-{depth}", epochs=epochs)
    for depth in (20, 56):
        train(root, f"plain-{depth}", f"plain-{depth}", epochs=8)
    for seed in range(3):
        train(root, f"mlp-seed-{seed}", "mlp", f"seed={seed}", epochs=10)
    train(root, "rate-too-high", "mlp", "optimizer.lr=20", "training.report_every=1")
    if not (root / "digits-tune" / "recipe.toml").exists():
        budget = ("--budget", "60")
        headway(
            "tune", "digits", "--model", "mlp", "--out", str(root / "digits-tune"), *budget
        )
    if lab is None:
        headway("lab", "run", *EXPERIMENTS, "--out", str(root / "lab"))
    elif not (root / "lab").exists():
        shutil.copytree(lab, root / "lab", ignore=shutil.ignore_patterns("checkpoints"))


@contextmanager
def served(root: Path) -> Iterator[str]:
    """Serve the board of `root` and give its address."""
    command = [sys.executable, "-m", "headway", "board", str(root), "--no-browser"]
    with subprocess.Popen(
        [*command, "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as board:
        assert board.stdout is not None
        yield "http://" + board.stdout.readline().split("http://")[1].strip()
        board.terminate()


@dataclass(frozen=True)
class Shot:
    """A picture of a view.

    Attributes:
        name: Name of the file.
        fragment: Address of the view.
        theme: "light" or "dark".
        height: Height of the window.
        act: What a visitor does first.
    """

    name: str
    fragment: str
    theme: str = "light"
    height: int = 900
    act: Callable[[Page], Any] = lambda page: None


def brush(page: Page) -> None:
    """Draw a range on the last axis of a sweep."""
    box = page.locator(".pc-hit").last.bounding_box()
    assert box is not None
    x, top, height = box["x"] + box["width"] / 2, box["y"], box["height"]
    page.mouse.move(x, top + 10)
    page.mouse.down()
    page.mouse.move(x, top + 0.1 * height)
    page.mouse.move(x, top + 0.28 * height)
    page.mouse.up()
    page.mouse.move(0, 0)


def gradients(page: Page) -> None:
    """Show the gradient norms of the layers."""
    page.get_by_role("heading", name="Gradient norm").scroll_into_view_if_needed()
    page.mouse.wheel(0, 500)


_DEPTHS = "&".join(
    f"run={name}" for name in ("resnet-20", "resnet-56", "plain-20", "plain-56")
)
SHOTS = (
    Shot("runs", "#/runs?in=.", height=620),
    Shot("runs-dark", "#/runs?in=.&group=model", theme="dark", height=620),
    Shot("curves", f"#/curves?{_DEPTHS}&metric=train/loss&metric=val/accuracy"),
    Shot("run", "#/run?id=resnet-56", height=1250),
    Shot("layers", "#/run?id=plain-56&tab=layers", theme="dark", act=gradients),
    Shot("layers-resnet-110", "#/run?id=resnet-110&tab=layers", height=1150),
    Shot("predictions", "#/run?id=resnet-56&tab=predictions", height=1100),
    Shot("diverged", "#/run?id=rate-too-high", height=1100),
    Shot("compare", "#/compare?run=plain-56&run=resnet-56", height=1250),
    Shot("sweep", "#/sweep?id=digits-tune", height=1150),
    Shot("sweep-range", "#/sweep?id=digits-tune", theme="dark", act=brush),
    Shot("lab", "#/lab", height=1100),
    Shot("claim", "#/lab?name=degradation", theme="dark"),
)


def take(address: str, shots: tuple[Shot, ...], out: Path) -> None:
    """Take pictures of the board at an address."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        for shot in shots:
            page = browser.new_page(
                viewport={"width": 1440, "height": shot.height},
                color_scheme="dark" if shot.theme == "dark" else "light",
                reduced_motion="reduce",
            )
            page.goto(address + shot.fragment)
            page.locator("main h1").first.wait_for()
            page.locator(".loading").wait_for(state="hidden")
            page.wait_for_function(_PICTURES_ARE_THERE)
            page.wait_for_timeout(_SETTLE_MILLISECONDS)
            shot.act(page)
            page.wait_for_timeout(_SETTLE_MILLISECONDS)
            path = out / f"{shot.name}.png"
            page.screenshot(path=path)
            page.close()
            _shrink(path)
            say(str(path), f"{path.stat().st_size // 1000} kB")
        browser.close()


def _shrink(path: Path) -> None:
    """Store with 256 colors: a third of the bytes, and no difference that one sees."""
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(
            256, method=Image.Quantize.FASTOCTREE, dither=0
        )
    small.save(path, optimize=True)


def main() -> None:
    """Train what is missing, and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--runs", type=Path, help="folder of the runs; a passing one if left out"
    )
    parser.add_argument("--lab", type=Path, help="folder of a lab that has run")
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--only", nargs="*", help="names of pictures; all if left out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        root = options.runs or Path(passing) / "runs"
        train_everything(root, options.lab)
        shots = tuple(s for s in SHOTS if not options.only or s.name in options.only)
        with served(root) as address:
            take(address, shots, options.out)


if __name__ == "__main__":
    main()
