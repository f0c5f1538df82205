import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from headway.data import SourceOptions, read_source
from headway.data.sources.idx import read_idx
from headway.errors import DataError

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def _idx(array: np.ndarray) -> bytes:
    code = CODES[array.dtype.str[1:]]
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def _images(number: int = 6) -> np.ndarray:
    return np.arange(number * 20, dtype=np.uint8).reshape(number, 5, 4)


def _labels(number: int = 6) -> np.ndarray:
    return (np.arange(number) % 3).astype(np.uint8)


def _write_set(
    folder: Path, *, prefix: str = "", suffix: str = "", parts: str = "train t10k"
):
    folder.mkdir(parents=True, exist_ok=True)
    pack = gzip.compress if suffix == ".gz" else bytes
    for part in parts.split():
        name = f"{folder}/{prefix}{part}"
        Path(f"{name}-images-idx3-ubyte{suffix}").write_bytes(pack(_idx(_images())))
        Path(f"{name}-labels-idx1-ubyte{suffix}").write_bytes(pack(_idx(_labels())))


@pytest.mark.parametrize("code", CODES)
def test_every_type_is_read(tmp_path: Path, code: str):
    array = np.array([[1, 2, 3], [4, 5, 100]], dtype=code)
    (tmp_path / "a").write_bytes(_idx(array))
    assert (read_idx(tmp_path / "a") == array).all()


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_folder_of_idx_files_has_its_own_test_part(tmp_path: Path, suffix: str):
    _write_set(tmp_path, suffix=suffix)
    source = read_source(str(tmp_path))
    assert torch.equal(source.train.inputs[:, 0], torch.from_numpy(_images()))
    assert source.train.targets.tolist() == _labels().tolist()
    assert source.test is not None
    assert len(source.test) == 6


def test_a_plain_file_wins_over_its_gzipped_twin(tmp_path: Path):
    _write_set(tmp_path)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"old and damaged")
    assert len(read_source(str(tmp_path)).train) == 6


@pytest.mark.parametrize("below", ["raw", "MNIST/raw"])
def test_the_layout_of_torchvision_is_found_below(tmp_path: Path, below: str):
    _write_set(tmp_path / below)
    assert len(read_source(str(tmp_path)).train) == 6


def test_training_files_alone_are_enough(tmp_path: Path):
    _write_set(tmp_path, parts="train")
    assert read_source(str(tmp_path)).test is None


def test_one_file_stands_for_its_set(tmp_path: Path):
    _write_set(tmp_path, prefix="a-")
    _write_set(tmp_path, prefix="b-", parts="train")
    assert read_source(str(tmp_path / "b-train-images-idx3-ubyte")).test is None


def test_several_sets_in_one_folder_are_refused(tmp_path: Path):
    for prefix in ("a-", "b-"):
        _write_set(tmp_path, prefix=prefix)
    with pytest.raises(
        DataError, match=r"several idx data sets; give one file, of .*/a-.*/b-"
    ):
        read_source(str(tmp_path))


def test_several_folders_of_idx_files_are_refused(tmp_path: Path):
    for name in ("MNIST/raw", "FashionMNIST/raw"):
        _write_set(tmp_path / name)
    with pytest.raises(DataError, match=r"give one of .*/FashionMNIST/raw, .*/MNIST/raw"):
        read_source(str(tmp_path))


def test_missing_labels_are_named(tmp_path: Path):
    _write_set(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(
        DataError, match=r"t10k-images.*: the labels that belong to it are missing"
    ):
        read_source(str(tmp_path))


def test_missing_training_files_are_named(tmp_path: Path):
    _write_set(tmp_path, parts="t10k")
    with pytest.raises(
        DataError, match="has no training files; expected train-images-idx3"
    ):
        read_source(str(tmp_path))


def test_images_and_labels_of_different_numbers_are_refused(tmp_path: Path):
    _write_set(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(_idx(_labels(5)))
    with pytest.raises(DataError, match="train are 6 samples, but there are 5 targets"):
        read_source(str(tmp_path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has 0 bytes, too few for an idx file"),
        (b"\x89PNG....", "starts with 89 50 4e 47, which is not the magic number"),
        (b"\0\0\x07\x01", "starts with 00 00 07 01, which is not the magic number"),
        (b"\0\0\x08\0", "starts with 00 00 08 00, which is not the magic number"),
        (b"\0\0\x08\x03\0\0", "cut short or damaged"),
        (
            _idx(_images())[:-3],
            r"announces 136 bytes \(shape \(6, 5, 4\)\), but it has 133",
        ),
        (_idx(_images()) + b"..", r"announces 136 bytes .* but it has 138"),
    ],
    ids=["empty", "png", "type", "no dimension", "header", "short", "long"],
)
def test_damaged_files_are_refused(tmp_path: Path, content: bytes, message: str):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(DataError, match=f"a: {message}|a: .*{message}"):
        read_idx(tmp_path / "a")


@pytest.mark.parametrize("kept", [0, 5, 40], ids="{} bytes".format)
def test_cut_off_gzip_files_are_refused(tmp_path: Path, kept: int):
    (tmp_path / "a.gz").write_bytes(gzip.compress(_idx(_images()))[:kept])
    with pytest.raises(DataError, match=r"a\.gz: (the gzip file is cut short|has 0 bytes)"):
        read_idx(tmp_path / "a.gz")


def test_a_plain_file_named_gz_is_refused(tmp_path: Path):
    (tmp_path / "a.gz").write_bytes(_idx(_images()))
    with pytest.raises(DataError, match="the gzip file is cut short or damaged"):
        read_idx(tmp_path / "a.gz")


@pytest.mark.data
def test_the_real_mnist_is_read_by_path_and_by_name(shared_data: Path):
    by_path = read_source(str(shared_data / "MNIST"))
    by_name = read_source("mnist", SourceOptions(root=shared_data))
    assert by_path.train.inputs.shape == (60000, 1, 28, 28)
    assert by_path.test is not None
    assert by_path.test.targets.bincount().tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip
    assert torch.equal(by_name.train.inputs, by_path.train.inputs)
    assert by_name.train.targets[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]
