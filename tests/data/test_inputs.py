import os
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from headway.data import DataInfo, SourceOptions, prepare_data, read_inputs, read_source
from headway.errors import DataError

FLOWERS = "length,color,kind\n1.5,red,rose\n2.5,blue,iris\n3.5,red,rose\n4.5,blue,rose\n"


def _images(*shape: int, dtype: str = "uint8") -> DataInfo:
    return DataInfo(
        name="photos",
        kind="image",
        input_shape=shape,
        dtype="float32" if dtype == "float32" else "uint8",
        task="classification",
        classes=("ant", "bee"),
        num_train=2,
        num_val=0,
        num_test=0,
    )


def _rows(*features: str, number: int = 3) -> DataInfo:
    return DataInfo(
        name="flowers",
        kind="tabular",
        input_shape=(len(features) or number,),
        dtype="float32",
        task="classification",
        classes=("iris", "rose"),
        feature_names=features,
        num_train=2,
        num_val=0,
        num_test=0,
    )


def _noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def _photo(path: Path, *shape: int) -> np.ndarray:
    pixels = _noise(*shape)
    Image.fromarray(pixels).save(path)
    return pixels


def _array(path: Path, array: Any) -> Path:
    np.save(path / "x.npy", array)
    return path / "x.npy"


def _text(path: Path, text: str) -> Path:
    (path / "rows.csv").write_text(text)
    return path / "rows.csv"


def test_an_image_of_the_trained_size_keeps_its_pixels(tmp_path: Path):
    pixels = _photo(tmp_path / "a.png", 5, 7, 3)
    names, inputs = read_inputs(tmp_path / "a.png", _images(3, 5, 7))
    assert names == [str(tmp_path / "a.png")]
    assert torch.equal(inputs[0], torch.from_numpy(pixels).permute(2, 0, 1))


def test_a_gray_image_suits_the_digits(tmp_path: Path):
    pixels = _photo(tmp_path / "seven.png", 8, 8)
    source = read_source("digits")
    info = prepare_data(source, val_fraction=0.0, test_fraction=0.0, split_seed=0).info
    inputs = read_inputs(tmp_path / "seven.png", info)[1]
    assert torch.equal(inputs[0, 0], torch.from_numpy(pixels))


@pytest.mark.parametrize(
    ("channels", "shape"), [(1, (5, 7, 3)), (3, (5, 7))], ids=["to gray", "to color"]
)
def test_colors_are_those_of_the_training(
    tmp_path: Path, channels: int, shape: tuple[int, ...]
):
    _photo(tmp_path / "a.png", *shape)
    inputs = read_inputs(tmp_path / "a.png", _images(channels, 5, 7))[1]
    wanted = Image.open(tmp_path / "a.png").convert("L" if channels == 1 else "RGB")
    assert torch.equal(
        inputs[0], torch.from_numpy(np.array(wanted)).reshape(5, 7, -1).permute(2, 0, 1)
    )


def test_a_larger_image_is_read_as_in_training(tmp_path: Path):
    (tmp_path / "ants").mkdir()
    path = tmp_path / "ants/a.jpg"
    _photo(path, 40, 70, 3)
    source = read_source(str(tmp_path), SourceOptions(image_size=6))
    assert torch.equal(read_inputs(path, _images(3, 6, 6))[1], source.train.inputs)


def test_a_size_that_is_no_square_is_covered_and_cut_at_the_centre(tmp_path: Path):
    left_to_right = np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[None], 16, axis=0)
    Image.fromarray(left_to_right).save(tmp_path / "a.png")
    inputs = read_inputs(tmp_path / "a.png", _images(1, 16, 32))[1]
    assert torch.equal(inputs[0, 0], torch.from_numpy(left_to_right[:, 16:48]))


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        ((8, 9), [""]),
        ((1, 8, 9), [""]),
        ((8, 9, 1), [""]),
        ((4, 8, 9), [":1", ":2", ":3", ":4"]),
        ((2, 1, 8, 9), [":1", ":2"]),
        ((2, 8, 9, 1), [":1", ":2"]),
    ],
    ids=str,
)
def test_arrays_hold_one_gray_image_or_several(
    tmp_path: Path, shape: tuple[int, ...], names: list[str]
):
    pixels = _noise(*shape)
    path = _array(tmp_path, pixels)
    found, inputs = read_inputs(path, _images(1, 8, 9))
    assert found == [f"{path}{name}" for name in names]
    assert torch.equal(inputs, torch.from_numpy(pixels).reshape(-1, 1, 8, 9))


def test_channels_come_first(tmp_path: Path):
    pixels = _noise(2, 8, 9, 3)
    inputs = read_inputs(_array(tmp_path, pixels), _images(3, 8, 9))[1]
    assert torch.equal(inputs, torch.from_numpy(pixels).permute(0, 3, 1, 2))


def test_whole_numbers_of_a_byte_become_bytes(tmp_path: Path):
    path = _array(tmp_path, _noise(2, 8, 8).astype(np.int64))
    assert read_inputs(path, _images(1, 8, 8))[1].dtype == torch.uint8


def test_float_images_keep_their_values(tmp_path: Path):
    values = np.linspace(-1, 1, 64).reshape(1, 8, 8)
    inputs = read_inputs(_array(tmp_path, values), _images(1, 8, 8, dtype="float32"))[1]
    assert torch.equal(inputs[0], torch.from_numpy(values).float())


@pytest.mark.parametrize("names", [["x", "y"], ["anything"], ["y", "images"]], ids=str)
def test_the_inputs_in_an_archive_are_found(tmp_path: Path, names: list[str]):
    arrays = {name: np.zeros(2) for name in names}
    arrays["anything" if len(names) == 1 else names[names[0] == "y"]] = np.eye(2, 3)
    np.savez(tmp_path / "set.npz", **arrays)
    assert read_inputs(tmp_path / "set.npz", _rows())[1].tolist() == [[1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    ("array", "names"),
    [(np.ones(3), [""]), (np.ones((2, 3)), [":1", ":2"])],
    ids=["1", "2"],
)
def test_arrays_hold_one_row_or_several(tmp_path: Path, array: Any, names: list[str]):
    path = _array(tmp_path, array)
    found, inputs = read_inputs(path, _rows("a", "b", "c"))
    assert found == [f"{path}{name}" for name in names]
    assert torch.equal(inputs, torch.ones(len(names), 3))


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_a_table_is_encoded_as_in_training(tmp_path: Path, suffix: str):
    path = tmp_path / f"flowers{suffix}"
    if suffix == ".parquet":
        pl.read_csv(FLOWERS.encode()).write_parquet(path)
    else:
        path.write_text(FLOWERS.replace(",", "\t") if suffix == ".tsv" else FLOWERS)
    source = read_source(str(path), SourceOptions(target="kind"))
    info = prepare_data(source, val_fraction=0.0, test_fraction=0.0, split_seed=0).info
    names, inputs = read_inputs(path, info)
    assert names == [f"{path}:{row}" for row in (1, 2, 3, 4)]
    assert torch.equal(inputs, source.train.inputs)


@pytest.mark.parametrize(
    "text",
    [
        "length,color\n7,red\n",
        "color,id,length\nred,abc,7\n",
        "kind,length,color\n,7,red\n",
    ],
    ids=["without target", "other order and an identifier", "empty target"],
)
def test_the_columns_of_the_training_are_found(tmp_path: Path, text: str):
    info = _rows("length", "color=blue", "color=red")
    assert read_inputs(_text(tmp_path, text), info)[1].tolist() == [[7, 0, 1]]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_words_that_look_like_numbers_stay_words(tmp_path: Path, suffix: str):
    path = tmp_path / f"rows{suffix}"
    if suffix == ".csv":
        path.write_text("rooms\n01\n2\n")
    else:
        pl.DataFrame({"rooms": ["01", "2"]}).write_parquet(path)
    inputs = read_inputs(path, _rows("rooms=01", "rooms=2", "rooms=3+"))[1]
    assert inputs.tolist() == [[1, 0, 0], [0, 1, 0]]


def test_signs_of_equality_in_words_and_columns_are_told_apart(tmp_path: Path):
    info = _rows("a=b=c", "a=b=d", "pay=>=50", "pay=<50", "x=1")
    path = _text(tmp_path, "x=1,pay,a=b\n7,>=50,d\n8,<50,c\n")
    assert read_inputs(path, info)[1].tolist() == [[0, 1, 1, 0, 7], [1, 0, 0, 1, 8]]


def test_a_table_suits_a_network_trained_on_arrays(tmp_path: Path):
    path = _text(tmp_path, "a,b,c\n1,2,3\n")
    assert read_inputs(path, _rows())[1].tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "lenght,color\n7,red\n",
            r"rows\.csv: has no column 'length', .*Did you mean 'lenght'\?",
        ),
        ("length\n7\n", "has no column 'color'"),
        ("length,color\n7,blu\n", r"'color' holds 'blu', .*Did you mean 'blue'\?"),
        ("length,color\nlong,red\n", "'length' has type String, such as 'long'; expected n"),
        ("length,color\n7,red\n,red\n", r"1 of 2 rows have missing .*: length \(1 rows\)"),
        ("length,color\n1e300,red\n", "too large for 32-bit floats"),
        ("length,color\n", "has column names but no rows"),
        ("", "the file is empty"),
        ("length,color\n1,red\n1,red,2\n", "cannot be read as a table"),
    ],
    ids=[
        "misspelt", "missing", "unseen", "words", "gap", "large", "no rows", "empty", "ragged",
    ],
)  # fmt: skip
def test_tables_that_do_not_fit_are_refused(tmp_path: Path, text: str, message: str):
    info = _rows("length", "color=blue", "color=red")
    with pytest.raises(DataError, match=message):
        read_inputs(_text(tmp_path, text), info)


def test_a_table_of_another_width_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="has 2 features, and the network was trained on 3"):
        read_inputs(_text(tmp_path, "a,b\n1,2\n"), _rows())


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (_noise(2, 9, 8), r"has shape \(2, 9, 8\), .*\('samples', 1, 8, 8\)"),
        (np.ones((2, 8, 8)) / 2, "holds float64 from 0.5 to 0.5, and .* trained on bytes"),
        (np.full((8, 8), 256), "holds int64 from 256 to 256"),
        (np.full((8, 8), np.nan), "holds 64 NaN and 0 Inf"),
        (np.ones((8, 8)) * 1j, "has type complex128"),
        (np.zeros((0, 8, 8)), "holds no samples"),
        (np.array(7), r"has shape \(\)"),
        (np.array([{}]), "never loaded because that could run code"),
    ],
    ids=["shape", "floats", "range", "nan", "complex", "empty", "number", "pickle"],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, array: Any, message: str):
    with pytest.raises(DataError, match=message):
        read_inputs(_array(tmp_path, array), _images(1, 8, 8))


def test_bytes_are_not_taken_for_floats(tmp_path: Path):
    with pytest.raises(
        DataError, match="holds uint8, and the network was trained on floats"
    ):
        read_inputs(_array(tmp_path, _noise(8, 8)), _images(1, 8, 8, dtype="float32"))


@pytest.mark.parametrize(
    "info",
    [_images(1, 8, 8, dtype="float32"), _images(4, 8, 8)],
    ids=["floats", "4 channels"],
)
def test_image_files_are_refused_where_the_training_had_arrays(
    tmp_path: Path, info: DataInfo
):
    _photo(tmp_path / "a.png", 8, 8)
    with pytest.raises(DataError, match="image files is not known; give the samples as"):
        read_inputs(tmp_path / "a.png", info)


def test_image_files_are_refused_for_tables(tmp_path: Path):
    _photo(tmp_path / "a.png", 8, 8)
    with pytest.raises(DataError, match=r"is no table and no array.*trained on 3 features"):
        read_inputs(tmp_path / "a.png", _rows())


def test_tables_are_refused_for_images(tmp_path: Path):
    with pytest.raises(
        DataError, match="is a table, and the network was trained on images"
    ):
        read_inputs(_text(tmp_path, FLOWERS), _images(1, 8, 8))


def test_archives_whose_inputs_cannot_be_told_are_refused(tmp_path: Path):
    np.savez(tmp_path / "set.npz", x_train=np.ones((2, 3)), x_test=np.ones((2, 3)))
    with pytest.raises(
        DataError, match="holds x_train, x_test; call the array of samples x"
    ):
        read_inputs(tmp_path / "set.npz", _rows())


@pytest.mark.parametrize("name", ["a.png", "a.npy", "a.npz", "a.csv", "a.parquet"])
def test_damaged_files_are_refused(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(b"\x93NUMPY\x01\xff\xff nothing of the kind\n")
    info = _images(1, 8, 8) if name == "a.png" else _rows("length")
    with pytest.raises(DataError, match=name.replace(".", r"\.")):
        read_inputs(tmp_path / name, info)


@pytest.mark.parametrize("name", ["a.png", "a.npy", "a.csv"])
def test_missing_files_are_named_with_their_likes(tmp_path: Path, name: str):
    (tmp_path / f"b{name}").touch()
    with pytest.raises(DataError, match=rf"{name}: there is no such file\..*'b{name}'\?"):
        read_inputs(tmp_path / name, _rows())


def test_a_folder_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="is a folder; give the files in it"):
        read_inputs(tmp_path, _images(1, 8, 8))


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read every file")
@pytest.mark.parametrize("name", ["a.png", "a.npy", "a.csv"])
def test_files_that_may_not_be_read_are_refused(tmp_path: Path, name: str):
    (tmp_path / name).touch(mode=0)
    info = _images(1, 8, 8) if name == "a.png" else _rows()
    with pytest.raises(DataError, match=r"[Pp]ermission denied"):
        read_inputs(tmp_path / name, info)
