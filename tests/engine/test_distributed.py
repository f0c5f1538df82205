"""Two processes do what one does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

WORKER = Path(__file__).parent / "distributed_worker.py"


def launch(processes: int, *arguments: str) -> list[float]:
    """Run the worker under torchrun and return the losses that its first process printed."""
    command = [sys.executable, str(WORKER), *arguments]
    if processes > 1:
        torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        command = [*torchrun, f"--nproc-per-node={processes}", *command[1:]]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=environment
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture(scope="module")
def alone() -> list[float]:
    return launch(1)


def test_two_processes_give_the_losses_and_metrics_of_one(alone):
    assert launch(2) == pytest.approx(alone, abs=1e-5)


def test_a_batch_that_does_not_divide_evenly_counts_every_sample_once():
    assert launch(2, "--batch-size=9") == pytest.approx(launch(1, "--batch-size=9"), abs=1e-5)


def test_accumulation_waits_with_the_averaging():
    pair, single = launch(2, "--accumulate=2"), launch(1, "--accumulate=2")

    assert pair[0] == pytest.approx(single[0], abs=0.5)  # batch norm sees other parts
    assert len(pair) == len(single)


def test_a_run_goes_on_with_another_number_of_processes(alone, tmp_path):
    launch(2, f"--folder={tmp_path}", "--stop-at=6")

    assert launch(1, f"--folder={tmp_path}", "--resume")[-4:] == pytest.approx(
        alone[-4:], abs=1e-5
    )


def test_sharded_weights_give_the_same_losses(alone):
    assert launch(2, "--strategy=fsdp") == pytest.approx(alone, abs=1e-5)


def test_a_sharded_run_goes_on_in_one_process(alone, tmp_path):
    launch(2, "--strategy=fsdp", f"--folder={tmp_path}", "--stop-at=6")

    assert launch(1, f"--folder={tmp_path}", "--resume")[-4:] == pytest.approx(
        alone[-4:], abs=1e-5
    )
