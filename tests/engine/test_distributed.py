"""Two processes do what one does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

WORKER = Path(__file__).parent / "distributed_worker.py"
Cases = dict[str, list[float]]


def launch(processes: int, folder: Path) -> Cases:
    """Run the worker in so many processes; return what its first process printed."""
    torchrun = [
        "-m",
        "torch.distributed.run",
        "--standalone",
        f"--nproc-per-node={processes}",
    ]
    done = subprocess.run(
        [sys.executable, *(torchrun if processes > 1 else []), str(WORKER), str(folder)],
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> tuple[Cases, Cases]:
    """Return the cases of two processes and of one, which resumes what the two began."""
    folder = tmp_path_factory.mktemp("runs")
    return launch(2, folder), launch(1, folder)


def test_losses_and_metrics_are_those_of_one_process(both):
    pair, alone = both

    assert pair["plain"] == pytest.approx(alone["plain"], abs=1e-5)


def test_a_batch_that_does_not_divide_evenly_counts_every_sample_once(both):
    pair, alone = both

    assert pair["uneven"] == pytest.approx(alone["uneven"], abs=1e-5)


def test_accumulation_averages_gradients_once_a_step(both):
    pair, alone = both

    # Batch norm sees other micro-batches, so the losses are close and not equal.
    assert pair["accumulated"] == pytest.approx(alone["accumulated"], abs=0.3)


def test_sharded_weights_give_the_same_losses(both):
    pair, alone = both

    assert pair["fsdp"] == pytest.approx(alone["plain"], abs=1e-5)


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_one_process_goes_on_with_a_run_of_two(both, strategy):
    _, alone = both

    resumed = alone[f"resumed {strategy}"]
    assert resumed == pytest.approx(alone["plain"][-len(resumed) :], abs=1e-5)


@pytest.mark.parametrize("case", ["techniques", "sharded techniques"])
def test_clipping_penalties_sharpness_and_averages_see_the_whole_batch(both, case):
    pair, alone = both

    # The statistics of the averaged weights are means of the two halves of the data.
    assert pair[case] == pytest.approx(alone["techniques"], abs=1e-4)
    assert alone["techniques"] != pytest.approx(alone["plain"], abs=1e-3)


@pytest.mark.parametrize("case", ["muon", "sharded muon"])
def test_matrices_are_orthogonalized_whole(both, case):
    pair, alone = both

    # In bfloat16, where the last bits of the gradients turn into larger differences.
    assert pair[case] == pytest.approx(alone["muon"], abs=0.02)
