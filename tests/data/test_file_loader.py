import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from headway.data.array_loader import ArrayEvaluation, ArrayLoader
from headway.data.augmentation import Augmentation, Geometry, scale_crop_draws
from headway.data.batch import Batch, Shard
from headway.data.decoding import Crop, decode_image
from headway.data.file_loader import FileEvaluation, FileLoader
from headway.data.fitting import fit_preprocessing
from headway.data.mixing import Mixing
from headway.data.splits import ArraySplit, FileSplit
from headway.errors import DataError

CPU = torch.device("cpu")
AUGMENTATION = Augmentation(flip=True, crop_padding=2, cutout=3)
WORKERS = pytest.mark.parametrize("num_workers", [0, 1, 2])


@pytest.fixture(scope="module")
def arrays() -> ArraySplit:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (47, 3, 8, 8), dtype=torch.uint8, generator=generator)
    return ArraySplit(images, torch.arange(47))


@pytest.fixture(scope="module")
def files(arrays: ArraySplit, tmp_path_factory: pytest.TempPathFactory) -> FileSplit:
    folder = tmp_path_factory.mktemp("images")
    paths = tuple(folder / f"{number}.png" for number in range(len(arrays)))
    for path, image in zip(paths, arrays.inputs, strict=True):
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(path)
    return FileSplit(paths, arrays.targets, "RGB")


def array_loader_of(split: ArraySplit, **settings: Any) -> ArrayLoader:
    defaults = {"batch_size": 10, "seed": 3, "device": CPU, "augmentation": AUGMENTATION}
    preprocessing = fit_preprocessing("channel-mean-std", split)
    return ArrayLoader(split, **{**defaults, "preprocessing": preprocessing, **settings})


def file_loader_of(split: FileSplit, **settings: Any) -> FileLoader:
    defaults = {"batch_size": 10, "seed": 3, "device": CPU, "augmentation": AUGMENTATION}
    preprocessing = fit_preprocessing("channel-mean-std", split)
    return FileLoader(split, **{**defaults, "preprocessing": preprocessing, **settings})


def assert_equal(got: list[Batch], expected: list[Batch]) -> None:
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        assert torch.equal(one.inputs, other.inputs)
        assert torch.equal(one.targets, other.targets)
        assert one.weight == other.weight


def assert_shards_make_up(whole: list[Batch], parts: list[list[Batch]]) -> None:
    for batch, *shares in zip(whole, *parts, strict=True):
        assert torch.equal(torch.cat([share.inputs for share in shares]), batch.inputs)
        assert torch.equal(torch.cat([share.targets for share in shares]), batch.targets)


@WORKERS
def test_files_give_the_batches_of_their_pixels_in_memory(
    arrays: ArraySplit, files: FileSplit, num_workers: int
):
    loader = file_loader_of(files, num_workers=num_workers)
    for epoch in range(2):
        expected = list(array_loader_of(arrays).batches(epoch))
        assert_equal(list(loader.batches(epoch)), expected)
    loader.close()


@WORKERS
def test_files_from_any_position_are_those_of_the_whole_epoch(
    files: FileSplit, num_workers: int
):
    loader = file_loader_of(files, num_workers=num_workers)
    whole = list(loader.batches(2))
    for start in (0, 1, 3, 4):
        assert_equal(list(loader.batches(2, start)), whole[start:])
    loader.close()


@WORKERS
def test_an_iteration_that_is_left_half_way_does_not_spoil_the_next(
    files: FileSplit, num_workers: int
):
    loader = file_loader_of(files, num_workers=num_workers)
    whole = list(loader.batches(1))
    next(loader.batches(0))
    assert_equal(list(loader.batches(1)), whole)
    loader.close()


def test_file_shares_of_the_processes_make_up_the_batch_of_one(files: FileSplit):
    parts = [list(file_loader_of(files, shard=Shard(i, 2)).batches(1)) for i in range(2)]
    assert_shards_make_up(list(file_loader_of(files).batches(1)), parts)


@WORKERS
def test_an_evaluation_of_files_equals_that_of_their_pixels(
    arrays: ArraySplit, files: FileSplit, num_workers: int
):
    settings = {"batch_size": 14, "device": CPU, "shard": Shard(1, 2)}
    data = FileEvaluation(files, num_workers=num_workers, **settings)
    expected = list(ArrayEvaluation(arrays, **settings).batches())
    for _ in range(2):
        got = list(data.batches())
        assert_equal(got, expected)
        masks = zip(got, expected, strict=True)
        assert all(torch.equal(one.mask, other.mask) for one, other in masks)
    assert data.num_samples == 47
    data.close()


@WORKERS
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, num_workers: int):
    paths = tuple(tmp_path / f"{name}.png" for name in "abcd")
    for path in paths:
        Image.new("L", (4, 4)).save(path)
    paths[2].write_bytes(b"not an image")
    split = FileSplit(paths, torch.zeros(4, dtype=torch.int64), "L")
    loader = FileLoader(split, batch_size=2, seed=0, device=CPU, num_workers=num_workers)
    with pytest.raises(DataError, match=r"^\S*c\.png: is not an image file"):
        list(loader.batches(0))
    loader.close()
    assert not multiprocessing.active_children()


@WORKERS
def test_loading_files_leaves_the_global_generator_alone(
    files: FileSplit, num_workers: int
):
    state = torch.get_rng_state()
    loader = file_loader_of(files, num_workers=num_workers)
    list(loader.batches(0))
    list(loader.batches(1))
    loader.close()
    assert torch.equal(torch.get_rng_state(), state)


def test_workers_stay_from_epoch_to_epoch(files: FileSplit):
    loader = file_loader_of(files, num_workers=2)
    list(loader.batches(0))
    first = {child.pid for child in multiprocessing.active_children()}
    list(loader.batches(1))
    assert {child.pid for child in multiprocessing.active_children()} == first
    assert len(first) == 2
    loader.close()


def test_workers_start_beside_threads_without_a_warning(files: FileSplit):
    loader = file_loader_of(files, num_workers=1)
    is_over = threading.Event()
    with ThreadPoolExecutor() as pool, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pool.submit(is_over.wait)
        list(loader.batches(0))
        is_over.set()
    loader.close()
    assert [str(warning.message) for warning in caught] == []


def test_closing_ends_the_workers_of_an_unfinished_iteration(files: FileSplit):
    loader = file_loader_of(files, num_workers=2)
    batches = loader.batches(0)
    next(batches)
    loader.close()
    assert not multiprocessing.active_children()


def test_workers_do_not_outlive_the_loader(files: FileSplit):
    gc.disable()
    try:
        loader = file_loader_of(files, num_workers=2)
        next(loader.batches(0))
        assert len(multiprocessing.active_children()) == 2
        del loader
        assert not multiprocessing.active_children()
    finally:
        gc.enable()


def test_a_closed_loader_starts_again(files: FileSplit):
    loader = file_loader_of(files, num_workers=1)
    first = list(loader.batches(0))
    loader.close()
    assert_equal(list(loader.batches(0)), first)
    loader.close()


def test_workers_leave_the_process_group_so_that_ctrl_c_does_not_reach_them(
    files: FileSplit,
):
    loader = file_loader_of(files, num_workers=1)
    list(loader.batches(0))
    [child] = multiprocessing.active_children()
    assert os.getpgid(child.pid) != os.getpgrp()
    loader.close()


# Its workers kill it before they look for whom to watch.
DIES_EARLY = """
import contextlib, os, signal, sys
from pathlib import Path
import torch
from torch.utils.data._utils import worker
from headway.data.file_loader import FileEvaluation
from headway.data.splits import FileSplit

MAIN = os.getpid()

class LateWatchdog(worker.ManagerWatchdog):
    def __init__(self):
        with contextlib.suppress(ProcessLookupError):
            os.kill(MAIN, signal.SIGKILL)
        while os.getppid() == MAIN:
            pass
        super().__init__()

worker.ManagerWatchdog = LateWatchdog
files = FileSplit((Path(sys.argv[1]),) * 4, torch.arange(4), "RGB")
device = torch.device("cpu")
list(FileEvaluation(files, batch_size=2, device=device, num_workers=2).batches())
"""


def test_workers_end_with_a_process_that_is_killed_as_they_start(files: FileSplit):
    """Its output ends only when the last of them has ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", DIES_EARLY, str(files.paths[0])], stdout=subprocess.PIPE
    )
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL


def test_the_death_of_a_worker_is_reported_with_a_remedy(
    files: FileSplit, monkeypatch: pytest.MonkeyPatch
):
    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    loader = FileLoader(files, batch_size=2, seed=0, device=CPU, num_workers=1)
    monkeypatch.setattr("headway.data.splits.decode_image", die)
    with pytest.raises(DataError, match=r"has died .* Use fewer workers, or 0"):
        list(loader.batches(0))
    loader.close()
    assert not multiprocessing.active_children()


@pytest.mark.gpu
def test_files_reach_the_gpu_as_the_cpu_sees_them(files: FileSplit):
    expected = list(file_loader_of(files).batches(1))
    loader = file_loader_of(files, device=torch.device("cuda"), num_workers=1)
    for one, other in zip(loader.batches(1), expected, strict=True):
        torch.testing.assert_close(one.inputs.cpu(), other.inputs)
        assert torch.equal(one.targets.cpu(), other.targets)
    loader.close()


def test_mixed_files_give_the_batches_of_mixed_arrays(arrays: ArraySplit, files: FileSplit):
    settings = {"mixing": Mixing(47, mixup=0.5, cutmix=1.0)}
    from_files = list(file_loader_of(files, **settings).batches(2))
    assert_equal(from_files, list(array_loader_of(arrays, **settings).batches(2)))


@pytest.mark.parametrize("world_size", [2, 3])
def test_mixed_files_of_the_processes_make_up_the_batch_of_one(
    files: FileSplit, world_size: int
):
    settings = {"mixing": Mixing(47, mixup=0.5)}
    parts = [
        list(file_loader_of(files, shard=Shard(rank, world_size), **settings).batches(1))
        for rank in range(world_size)
    ]
    for batch, *shares in zip(
        file_loader_of(files, **settings).batches(1), *parts, strict=True
    ):
        assert torch.equal(torch.cat([share.inputs for share in shares]), batch.inputs)
        assert torch.equal(torch.cat([share.targets for share in shares]), batch.targets)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> FileSplit:
    """Return larger files than the crops, of several sizes."""
    folder = tmp_path_factory.mktemp("photos")
    random = torch.Generator().manual_seed(0)
    paths = tuple(folder / f"{number}.png" for number in range(6))
    for number, path in enumerate(paths):
        shape = (40 + 4 * number, 50, 3)
        pixels = torch.randint(0, 256, shape, dtype=torch.uint8, generator=random)
        Image.fromarray(pixels.numpy()).save(path)
    return FileSplit(paths, torch.arange(6), "RGB", 16)


@WORKERS
def test_scaled_crops_of_files_come_out_of_the_files(photos: FileSplit, num_workers: int):
    augmentation = Augmentation(geometry=Geometry(scale_crop=(1.2, 2.0)))
    loader = file_loader_of(
        photos, augmentation=augmentation, preprocessing=None, num_workers=num_workers
    )
    for epoch in range(2):
        (batch,) = loader.batches(epoch)
        draws = scale_crop_draws((1.2, 2.0), batch.targets, seed=3, epoch=epoch).tolist()
        for image, number, draw in zip(batch.inputs, batch.targets, draws, strict=True):
            path = photos.paths[int(number)]
            assert torch.equal(image, decode_image(path, "RGB", 16, Crop(*draw)))
    loader.close()


@pytest.mark.parametrize("size", [(16, 16), (12, 20)])
def test_a_crop_is_a_part_of_the_resized_image(photos: FileSplit, size: tuple[int, int]):
    path = photos.paths[1]
    whole = Image.open(path).resize((100, 88), Image.Resampling.BILINEAR)
    scale = 2 * min(44 / size[0], 50 / size[1])
    got = decode_image(path, "RGB", size, Crop(scale, top=0.25, left=1.0))
    top = int((88 - size[0]) * 0.25)
    box = (100 - size[1], top, 100, top + size[0])
    expected = torch.tensor(np.array(whole.crop(box))).permute(2, 0, 1)
    assert torch.equal(got, expected)


def test_scaled_crops_of_files_of_one_size_are_resampled(
    arrays: ArraySplit, files: FileSplit
):
    settings = {"augmentation": Augmentation(geometry=Geometry(scale_crop=(1.2, 2.0)))}
    from_files = list(file_loader_of(files, **settings).batches(0))
    assert_equal(from_files, list(array_loader_of(arrays, **settings).batches(0)))
