"""A checkpoint is whole or absent, and never code."""

import pickle
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from headway.engine import checkpoint
from headway.errors import CheckpointError

TREE = {
    "model": {
        "w": torch.arange(6.0).view(2, 3),
        "half": torch.ones(3, dtype=torch.bfloat16),
    },
    "optimizer": {
        "state": {0: {"step": torch.tensor(3.0)}},
        "groups": [{"betas": [0.9, 0.99]}],
    },
    "step": 7,
    "best": None,
    "loss": [0.1, 1e-300],
}


def test_what_is_saved_is_what_is_loaded(tmp_path):
    checkpoint.save(TREE, tmp_path / "a.safetensors")

    loaded = checkpoint.load(tmp_path / "a.safetensors")

    assert torch.equal(loaded["model"]["w"], TREE["model"]["w"])
    assert loaded["model"]["half"].dtype == torch.bfloat16
    assert loaded["optimizer"]["state"][0]["step"].shape == ()
    assert (loaded["step"], loaded["best"], loaded["loss"]) == (7, None, [0.1, 1e-300])


def test_tensors_that_share_memory_are_saved_each_on_its_own(tmp_path):
    shared = torch.ones(4)

    checkpoint.save({"a": shared, "b": shared[:2]}, tmp_path / "a.safetensors")

    assert checkpoint.load(tmp_path / "a.safetensors")["b"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("length", [0, 5, 100, -1], ids=["empty", "5", "100", "last byte"])
def test_a_file_cut_short_is_refused(tmp_path, length):
    path = tmp_path / "a.safetensors"
    checkpoint.save(TREE, path)
    path.write_bytes(path.read_bytes()[:length])

    with pytest.raises(CheckpointError, match="is not a whole checkpoint"):
        checkpoint.load(path)


def test_a_flipped_bit_is_found(tmp_path):
    path = tmp_path / "a.safetensors"
    checkpoint.save(TREE, path)
    damaged = bytearray(path.read_bytes())
    damaged[-3] ^= 1
    path.write_bytes(damaged)

    with pytest.raises(CheckpointError, match="checksum differs"):
        checkpoint.load(path)


def test_a_pickle_is_refused_without_running_it(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (exec, ("raise SystemExit('ran')",))

    path = tmp_path / "a.safetensors"
    path.write_bytes(pickle.dumps(Bomb()))

    with pytest.raises(CheckpointError, match="is not a whole checkpoint"):
        checkpoint.load(path)


def test_a_safetensors_file_of_others_is_refused(tmp_path):
    save_file({"w": torch.ones(1)}, tmp_path / "a.safetensors")

    with pytest.raises(CheckpointError, match="was not written by headway"):
        checkpoint.load(tmp_path / "a.safetensors")


def test_a_newer_format_is_refused(tmp_path):
    header = {"format": "headway", "version": "99", "checksum": "", "tree": "{}"}
    save_file({"w": torch.ones(1)}, tmp_path / "a.safetensors", metadata=header)

    with pytest.raises(CheckpointError, match="install a newer headway"):
        checkpoint.load(tmp_path / "a.safetensors")


def test_a_folder_that_cannot_be_written_is_named_and_nothing_is_lost(tmp_path):
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(
        CheckpointError, match=r"cannot write [\s\S]*Older checkpoints are kept"
    ):
        checkpoint.save(TREE, tmp_path / "file" / "a.safetensors")


FULL_DISK = """
import resource, signal, sys, torch
from headway.engine import checkpoint
from headway.errors import CheckpointError
path = checkpoint.step_path(__import__("pathlib").Path(sys.argv[1]), 1)
checkpoint.save({"w": torch.zeros(10)}, path)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    checkpoint.save({"w": torch.zeros(10_000)}, checkpoint.step_path(path.parent, 2))
except CheckpointError as error:
    print(error)
names = sorted(p.name for p in path.parent.iterdir())
print(checkpoint.load_newest(path.parent)[0].name, names)
"""


def test_a_full_disk_is_an_error_that_keeps_the_old_checkpoint(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True
    )

    message, rest = done.stdout.splitlines()
    assert "the disk is full" in message
    assert rest == "step-000000001.safetensors ['step-000000001.safetensors']"


def test_only_the_newest_are_kept_and_half_written_ones_removed(tmp_path):
    for step in (1, 2, 10):
        checkpoint.save({"step": step}, checkpoint.step_path(tmp_path, step))
    (tmp_path / ".step-000000011.safetensors.writing").write_bytes(b"half")

    checkpoint.remove_older(tmp_path, keep=2)

    assert [path.name for path in checkpoint.newest_first(tmp_path)] == [
        "step-000000010.safetensors",
        "step-000000002.safetensors",
    ]
    assert len(list(tmp_path.iterdir())) == 2


def test_no_whole_checkpoint_at_all_lists_what_is_wrong_with_each(tmp_path):
    checkpoint.step_path(tmp_path, 1).write_bytes(b"")

    with pytest.raises(CheckpointError, match=r"holds no whole checkpoint; .*:\n"):
        checkpoint.load_newest(tmp_path)
