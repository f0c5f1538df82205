import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from headway.data import Source, SourceOptions, read_source
from headway.errors import DataError

LABELS = np.array([0, 1, 2, 0, 1, 2])


def _images(*shape: int, dtype: Any = np.uint8) -> np.ndarray:
    return (np.arange(6 * np.prod(shape)).reshape(6, *shape) % 251).astype(dtype)


def _read(folder: Path, options: SourceOptions | None = None, **arrays: Any) -> Source:
    np.savez(folder / "set.npz", **arrays)
    return read_source(str(folder / "set.npz"), options or SourceOptions())


def test_gray_images_get_one_channel(tmp_path: Path):
    x = _images(5, 4)
    source = _read(tmp_path, x=x, y=LABELS)
    assert (source.kind, source.train.input_shape) == ("image", (1, 5, 4))
    assert torch.equal(source.train.inputs[:, 0], torch.from_numpy(x))


def test_channels_last_is_moved_to_channels_first(tmp_path: Path):
    x = _images(5, 4, 3)
    source = _read(tmp_path, x=x, y=LABELS)
    assert torch.equal(source.train.inputs, torch.from_numpy(x).permute(0, 3, 1, 2))


def test_channels_first_stays(tmp_path: Path):
    x = _images(3, 5, 4)
    assert torch.equal(_read(tmp_path, x=x, y=LABELS).train.inputs, torch.from_numpy(x))


@pytest.mark.parametrize(
    ("shape", "expected"), [((13, 20, 20), (13, 20, 20)), ((20, 20, 13), (13, 20, 20))]
)
def test_many_channels_are_the_shorter_axis(
    tmp_path: Path, shape: tuple[int, ...], expected: tuple[int, ...]
):
    assert _read(tmp_path, x=_images(*shape), y=LABELS).train.input_shape == expected


def test_images_whose_channels_cannot_be_told_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match="cannot tell where the channels are"):
        _read(tmp_path, x=_images(3, 8, 3), y=LABELS)


def test_rows_of_numbers_are_tabular(tmp_path: Path):
    source = _read(tmp_path, x=_images(7), y=LABELS)
    assert (source.kind, source.train.inputs.dtype) == ("tabular", torch.float32)


@pytest.mark.parametrize("dtype", [np.int64, ">u2", np.int16])
def test_whole_numbers_of_a_byte_become_bytes(tmp_path: Path, dtype: Any):
    x = _images(5, 4)
    inputs = _read(tmp_path, x=x.astype(dtype), y=LABELS).train.inputs
    assert torch.equal(inputs[:, 0], torch.from_numpy(x))


def test_whole_numbers_above_a_byte_become_floats(tmp_path: Path):
    inputs = _read(tmp_path, x=_images(5, 4, dtype=np.int32) * 100, y=LABELS).train.inputs
    assert (inputs.dtype, inputs.max().item()) == (torch.float32, 11900.0)


def test_black_and_white_becomes_0_and_255(tmp_path: Path):
    inputs = _read(tmp_path, x=_images(5, 4) > 9, y=LABELS).train.inputs
    assert inputs.unique().tolist() == [0, 255]


@pytest.mark.parametrize("scale", [1.0, 255.0])
def test_float_images_keep_their_values(tmp_path: Path, scale: float):
    x = np.linspace(0, scale, 6 * 20).reshape(6, 5, 4)
    source = _read(tmp_path, x=x, y=LABELS)
    assert source.kind == "image"
    assert torch.equal(source.train.inputs[:, 0], torch.from_numpy(x).float())


@pytest.mark.parametrize(
    "names",
    [
        ("x", "y"),
        ("X", "Y"),
        ("data", "target"),
        ("images", "labels"),
        ("x_train", "y_train"),
    ],
    ids="-".join,
)
def test_common_names_are_understood(tmp_path: Path, names: tuple[str, str]):
    source = _read(tmp_path, **{names[0]: _images(5, 4), names[1]: LABELS})
    assert len(source.train) == 6
    assert source.test is None


@pytest.mark.parametrize("pattern", ["{}_{}", "{1}_{0}"])
def test_own_validation_and_test_parts_are_kept(tmp_path: Path, pattern: str):
    arrays = {
        pattern.format(what, part): array[:length]
        for part, length in (("train", 6), ("val", 5), ("test", 4))
        for what, array in (("images", _images(5, 4)), ("labels", LABELS[:, None]))
    }
    source = _read(tmp_path, **arrays)
    assert [len(part) for part in (source.train, source.val, source.test)] == [6, 5, 4]


def test_missing_names_are_listed(tmp_path: Path):
    with pytest.raises(DataError, match="training arrays are missing; it holds a, b"):
        _read(tmp_path, a=_images(5, 4), b=LABELS)


def test_inputs_without_targets_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match="'x_test' has no partner"):
        _read(tmp_path, x_train=_images(4), y_train=LABELS, x_test=_images(4))


def test_npy_files_are_read_from_their_folder(tmp_path: Path):
    np.save(tmp_path / "x.npy", _images(5, 4))
    np.save(tmp_path / "y.npy", LABELS)
    assert len(read_source(str(tmp_path)).train) == 6
    assert len(read_source(str(tmp_path / "x.npy")).train) == 6


def test_npy_files_are_read_by_the_start_of_their_paths(tmp_path: Path):
    for name in ("small", "large"):
        np.save(tmp_path / f"{name}_x.npy", _images(5, 4))
        np.save(tmp_path / f"{name}_y.npy", LABELS)
    assert read_source(str(tmp_path / "small")).train.input_shape == (1, 5, 4)


def test_different_lengths_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match="train are 6 samples, but there are 5 targets"):
        _read(tmp_path, x=_images(5, 4), y=LABELS[:5])


def test_parts_of_different_shapes_are_refused(tmp_path: Path):
    message = re.escape("shape of a sample differs between the parts: (1, 5, 4) in train")
    with pytest.raises(DataError, match=message):
        _read(
            tmp_path,
            x_train=_images(5, 4),
            y_train=LABELS,
            x_test=_images(4, 4),
            y_test=LABELS,
        )


def test_bytes_and_floats_are_not_mixed(tmp_path: Path):
    x = _images(5, 4)
    with pytest.raises(DataError, match="type differs between the parts: uint8 in train"):
        _read(tmp_path, x_train=x, y_train=LABELS, x_test=x / 255, y_test=LABELS)


def test_nan_and_inf_are_counted(tmp_path: Path):
    x = _images(4, dtype=np.float64)
    x[0, :2], x[3, 0] = np.nan, np.inf
    with pytest.raises(DataError, match="2 NaN and 1 Inf values in 2 of 6 samples"):
        _read(tmp_path, x=x, y=LABELS)


def test_values_too_large_for_single_precision_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match="too large for 32-bit floats"):
        _read(tmp_path, x=np.full((6, 2), 1e300), y=LABELS)


def test_a_wrong_number_of_dimensions_is_refused(tmp_path: Path):
    with pytest.raises(
        DataError, match=r"have shape \(6,\); expected \(samples, features\)"
    ):
        _read(tmp_path, x=LABELS, y=LABELS)


def test_complex_numbers_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match="have type complex128"):
        _read(tmp_path, x=_images(4) * 1j, y=LABELS)


def test_an_empty_array_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="are empty"):
        _read(tmp_path, x=np.zeros((0, 4)), y=LABELS[:0])


class _Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("exploded"),))


@pytest.mark.parametrize("key", ["x", "y"])
def test_pickled_objects_are_never_loaded(
    tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    arrays: dict[str, Any] = {"x": _images(4), "y": LABELS}
    arrays[key] = np.array([_Bomb()] * 6, dtype=object)
    with pytest.raises(DataError, match="never loaded because that could run code"):
        _read(tmp_path, **arrays)
    assert not Path("exploded").exists()


def test_a_pickle_named_npz_is_refused(tmp_path: Path):
    np.array([{}], dtype=object).dump(tmp_path / "set.npz")
    with pytest.raises(DataError, match="pickled Python objects"):
        read_source(str(tmp_path / "set.npz"))


@pytest.mark.parametrize("kept", [0, 100, 400], ids="{} bytes".format)
def test_a_cut_off_npz_file_is_refused(tmp_path: Path, kept: int):
    _read(tmp_path, x=_images(5, 4), y=LABELS)
    content = (tmp_path / "set.npz").read_bytes()
    (tmp_path / "set.npz").write_bytes(content[:kept])
    with pytest.raises(DataError, match=r"set\.npz: .*(cut short or damaged|pickled)"):
        read_source(str(tmp_path / "set.npz"))


def test_a_damaged_array_in_an_npz_file_is_refused(tmp_path: Path):
    _read(tmp_path, x=_images(50, 40), y=LABELS)
    content = bytearray((tmp_path / "set.npz").read_bytes())
    content[3000] ^= 255
    (tmp_path / "set.npz").write_bytes(content)
    with pytest.raises(DataError, match="array 'x' is cut short or damaged"):
        read_source(str(tmp_path / "set.npz"))


def test_a_cut_off_npy_file_is_refused(tmp_path: Path):
    np.save(tmp_path / "x.npy", _images(5, 4))
    np.save(tmp_path / "y.npy", LABELS)
    content = (tmp_path / "x.npy").read_bytes()
    (tmp_path / "x.npy").write_bytes(content[:-7])
    with pytest.raises(DataError, match=r"x\.npy: is cut short or damaged"):
        read_source(str(tmp_path))


def test_a_header_that_ends_in_the_middle_is_refused(tmp_path: Path):
    header = b"{'descr': '<i4', 'fortran_order': False, 'shape': (3,".ljust(117) + b"\n"
    start = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
    (tmp_path / "x.npy").write_bytes(start + header + bytes(12))
    np.save(tmp_path / "y.npy", LABELS)
    with pytest.raises(DataError, match=r"x\.npy: is cut short or damaged"):
        read_source(str(tmp_path))


def test_an_archive_named_npy_is_refused(tmp_path: Path):
    _read(tmp_path, x=_images(5, 4), y=LABELS)
    (tmp_path / "set.npz").rename(tmp_path / "x.npy")
    np.save(tmp_path / "y.npy", LABELS)
    with pytest.raises(DataError, match=r"name it \.npz"):
        read_source(str(tmp_path))


def test_one_array_named_npz_is_refused(tmp_path: Path):
    with (tmp_path / "set.npz").open("wb") as file:
        np.save(file, _images(5, 4))
    with pytest.raises(DataError, match=r"name it \.npy"):
        read_source(str(tmp_path / "set.npz"))
