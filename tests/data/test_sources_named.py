import pickle
import struct
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
import torch

from headway.data import Source, SourceOptions, list_sources, read_source
from headway.errors import DataError

FOLDERS = {
    "mnist": "MNIST/raw",
    "fashion-mnist": "FashionMNIST/raw",
    "emnist-letters": "EMNIST/raw",
    "cifar10": "cifar-10-batches-py",
    "cifar100": "cifar-100-python",
}


def _read(name: str, root: Path, **options: Any) -> Source:
    return read_source(name, SourceOptions(root=root, **options))


def _write_idx(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def _write_idx_set(start: str, images: np.ndarray, labels: np.ndarray, test: str) -> None:
    for part in ("train", test):
        _write_idx(Path(f"{start}{part}-images-idx3-ubyte"), images)
        _write_idx(Path(f"{start}{part}-labels-idx1-ubyte"), labels)


@pytest.fixture
def tiny_cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two batches in the layout of CIFAR-10, whose checksums are not looked at."""
    from torchvision.datasets import CIFAR10

    monkeypatch.setattr(CIFAR10, "train_list", [["data_batch_1", None]])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", None]])
    monkeypatch.setitem(CIFAR10.meta, "md5", None)
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name, number in (("data_batch_1", 4), ("test_batch", 3)):
        pixels = np.arange(number * 3072).reshape(number, 3072).astype(np.uint8)
        batch = {"data": pixels, "labels": list(range(number))}
        (folder / name).write_bytes(pickle.dumps(batch))
    names = {"label_names": [f"class {i}" for i in range(10)]}
    (folder / "batches.meta").write_bytes(pickle.dumps(names))
    return tmp_path


@pytest.mark.parametrize("name", FOLDERS)
def test_an_absent_set_says_where_it_was_sought_and_how_to_get_it(
    tmp_path: Path, name: str
):
    message = f"{name} is not at {tmp_path / FOLDERS[name]}.*--set data.download=true"
    with pytest.raises(DataError, match=message):
        _read(name, tmp_path)


def test_every_named_set_is_listed():
    made = ("adding", "copy", "temporal-order")
    assert list_sources() == ("digits", *FOLDERS, *made)


def test_fashion_has_its_class_names(tmp_path: Path):
    start = f"{tmp_path}/FashionMNIST/raw/"
    _write_idx_set(start, np.zeros((10, 28, 28)), np.arange(10), "t10k")
    source = _read("fashion-mnist", tmp_path)
    assert (source.classes[0], source.classes[9]) == ("T-shirt/top", "Ankle boot")


def test_letters_are_upright_and_numbered_from_0(tmp_path: Path):
    images = np.arange(26 * 784).reshape(26, 28, 28) % 253
    _write_idx_set(
        f"{tmp_path}/EMNIST/raw/emnist-letters-", images, np.arange(1, 27), "test"
    )
    # Another set of the same archive.
    _write_idx_set(f"{tmp_path}/EMNIST/raw/emnist-digits-", images, np.arange(26), "test")
    source = _read("emnist-letters", tmp_path)
    assert torch.equal(source.train.inputs[:, 0].mT, torch.from_numpy(images).byte())
    assert (source.classes[0], source.train.targets[0].item()) == ("a", 0)


def test_an_incomplete_set_counts_as_absent(tmp_path: Path):
    start = f"{tmp_path}/MNIST/raw/"
    _write_idx_set(start, np.zeros((10, 28, 28)), np.arange(10), "t10k")
    Path(f"{start}t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match=r"mnist is not at .* or not complete there"):
        _read("mnist", tmp_path)


def test_labels_that_the_set_does_not_have_are_refused(tmp_path: Path):
    start = f"{tmp_path}/MNIST/raw/"
    _write_idx_set(start, np.zeros((11, 28, 28)), np.arange(11), "t10k")
    with pytest.raises(DataError, match="labels of train are outside the range 0 to 9"):
        _read("mnist", tmp_path)


def test_cifar_is_read_with_channels_first(tiny_cifar: Path):
    source = _read("cifar10", tiny_cifar)
    expected = (torch.arange(4 * 3072) % 256).byte().reshape(4, 3, 32, 32)
    assert torch.equal(source.train.inputs, expected)
    assert source.test is not None
    assert (len(source.test), source.classes[3]) == (3, "class 3")


def test_cifar_files_with_a_wrong_checksum_are_not_unpickled(tmp_path: Path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "data_batch_1").write_bytes(b"other")
    with pytest.raises(DataError, match="are incomplete or damaged; remove the folder"):
        _read("cifar10", tmp_path)


@pytest.mark.parametrize("name", ["mnist", "emnist-letters", "cifar100"])
def test_a_download_without_network_says_what_to_do(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
):
    from torchvision import datasets

    def no_network(*_args: Any, **_keywords: Any) -> None:
        raise URLError("no route to host")

    for module in (datasets.mnist, datasets.cifar):
        monkeypatch.setattr(module, "download_and_extract_archive", no_network)
    message = f"{name} cannot be downloaded .*put its files into .*{FOLDERS[name]}"
    with pytest.raises(DataError, match=f"(?s){message}"):
        _read(name, tmp_path, download=True)
