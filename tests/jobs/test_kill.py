"""A run that is killed at any moment ends exactly like one that was left alone."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from headway.engine import load_newest
from headway.runs import Run

TIMINGS = {"time", "samples_per_second"}
NUM_KILLS = 20
SETTINGS = [
    "data.in_memory=false",
    "data.workers=2",
    "data.test_fraction=0",
    "model.options.drop_prob=0.2",
    "augmentation.flip=true",
    "augmentation.cutout=4",
    "training.epochs=150",
    "training.batch_size=8",
    "training.ema_decay=0.99",
    "training.report_every=3",
    "checkpointing.every_steps=2",
    "machine.threads=1",
    "machine.deterministic=true",
]


@pytest.fixture
def pictures(tmp_path) -> Path:
    """An image folder of two classes, read by worker processes."""
    generator = np.random.default_rng(0)
    for label in ("dark", "light"):
        (tmp_path / "pictures" / label).mkdir(parents=True)
        for index in range(24):
            pixels = generator.integers(0, 120, (16, 16, 3)) + 100 * (label == "light")
            image = Image.fromarray(pixels.astype(np.uint8))
            image.save(tmp_path / "pictures" / label / f"{index}.png")
    return tmp_path / "pictures"


def launch(code: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", f"import headway; {code}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def finish(process: "subprocess.Popen[bytes]") -> None:
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors.decode()[-2000:]


def wait_for(condition: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while not condition() and process.poll() is None:
        assert time.monotonic() < deadline, "the run did not start"
        time.sleep(0.01)


def num_starts(folder: Path) -> int:
    if not (folder / "events.jsonl").exists():
        return 0
    return sum(event["event"] in ("started", "resumed") for event in Run(folder).events())


def rows(folder: Path) -> list[dict[str, float]]:
    return [
        {key: value for key, value in row.items() if key not in TIMINGS}
        for row in Run(folder).metrics()
    ]


def train(pictures: Path, folder: Path) -> str:
    return (
        f"headway.train({str(pictures)!r}, model='resnet-8', out={str(folder)!r}, "
        f"overrides={SETTINGS!r})"
    )


def kill_soon(process: "subprocess.Popen[bytes]", delay: float) -> bool:
    """Kill the process after `delay` seconds; return whether it was alive.

    Its workers, which share its output, do not outlive it.
    """
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        return True
    assert process.returncode == 0, process.communicate()[1].decode()[-2000:]
    return False


@pytest.mark.slow
def test_a_run_killed_at_twenty_random_moments_ends_bit_for_bit_the_same(
    pictures, tmp_path
):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    alone = launch(train(pictures, whole))
    finish(alone)
    seconds = sum(
        later["time"] - earlier["time"]
        for earlier, later in zip(
            Run(whole).events(), Run(whole).events()[1:], strict=False
        )
    )
    moments = random.Random(0)
    kills = 0
    for _ in range(200):
        code = train(pictures, killed)
        if (killed / "environment.json").exists():
            code = f"headway.resume({str(killed)!r})"
        before = num_starts(killed)
        process = launch(code)
        wait_for(lambda before=before: num_starts(killed) > before, process)
        if kills == NUM_KILLS:
            finish(process)
            break
        if not kill_soon(process, moments.uniform(0, seconds / NUM_KILLS)):
            break  # the machine has become faster than it was for the whole run
        kills += 1

    assert kills > NUM_KILLS // 2
    expected, found = (load_newest(f / "checkpoints")[1] for f in (whole, killed))
    assert all(
        torch.equal(expected["model"][n], found["model"][n]) for n in expected["model"]
    )
    averages = expected["average"]["averages"]
    assert all(torch.equal(averages[n], found["average"]["averages"][n]) for n in averages)
    assert rows(whole) == rows(killed)
