import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from headway.data import ArraySplit, FileSplit
from headway.errors import DataError


def _array_split() -> ArraySplit:
    inputs = torch.arange(4 * 2 * 3 * 3, dtype=torch.uint8).reshape(4, 2, 3, 3)
    return ArraySplit(inputs, torch.tensor([0, 1, 0, 1]))


def _save(path: Path, pixels: np.ndarray, **options: object) -> Path:
    Image.fromarray(pixels).save(path, **options)
    return path


def _gradient(height: int, width: int) -> np.ndarray:
    ramp = np.arange(height)[:, None] * 3 + np.arange(width)
    return np.stack([ramp, ramp + 20, ramp + 40], axis=2).astype(np.uint8)


def _file_split(
    *paths: Path, mode: str = "RGB", image_size: int | None = None
) -> FileSplit:
    return FileSplit(paths, torch.zeros(len(paths), dtype=torch.int64), mode, image_size)


def test_an_array_split_selects_samples_in_the_order_asked_for():
    selected = _array_split().select(torch.tensor([3, 0]))
    assert torch.equal(selected.inputs, _array_split().inputs[[3, 0]])
    assert selected.targets.tolist() == [1, 0]


def test_an_array_split_knows_its_length_and_the_shape_of_a_sample():
    assert (len(_array_split()), _array_split().input_shape) == (4, (2, 3, 3))


def test_a_file_split_selects_paths_and_targets_together(tmp_path: Path):
    paths = tuple(tmp_path / name for name in "abc")
    split = FileSplit(paths, torch.tensor([5, 6, 7]), "L", 4).select(torch.tensor([2, 0]))
    assert split == FileSplit((paths[2], paths[0]), split.targets, "L", 4)
    assert split.targets.tolist() == [7, 5]


def test_a_split_with_too_few_targets_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="got 1 paths and 2 targets"):
        FileSplit((tmp_path / "a",), torch.zeros(2), "L")


def test_a_file_split_can_be_sent_to_a_worker_process(tmp_path: Path):
    split = _file_split(_save(tmp_path / "a.png", _gradient(4, 5)))
    assert torch.equal(pickle.loads(pickle.dumps(split)).read(0), split.read(0))


def test_a_lossless_file_is_read_exactly(tmp_path: Path):
    pixels = _gradient(5, 7)
    split = _file_split(_save(tmp_path / "a.png", pixels))
    assert torch.equal(split.read(0), torch.from_numpy(pixels).permute(2, 0, 1))
    assert split.input_shape == (3, 5, 7)


def test_gray_mode_gives_one_channel_of_luma(tmp_path: Path):
    pixels = _gradient(5, 7)
    read = _file_split(_save(tmp_path / "a.png", pixels), mode="L").read(0)
    luma = pixels @ np.array([0.299, 0.587, 0.114])
    assert read.shape == (1, 5, 7)
    assert (read[0] - torch.from_numpy(luma)).abs().max() <= 1


def test_an_image_is_turned_as_its_exif_orientation_says(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held so that a quarter turn clockwise sets it upright
    pixels = _gradient(4, 6)
    path = _save(tmp_path / "a.png", pixels, exif=exif)
    turned = np.rot90(pixels, k=-1)
    assert torch.equal(
        _file_split(path).read(0), torch.from_numpy(turned.copy()).permute(2, 0, 1)
    )


def test_the_short_side_is_resized_and_the_centre_cut_out(tmp_path: Path):
    pixels = np.zeros((8, 24, 3), dtype=np.uint8)
    pixels[:, 8:16] = 200
    split = _file_split(_save(tmp_path / "a.png", pixels), image_size=8)
    assert split.read(0).tolist() == torch.full((3, 8, 8), 200).tolist()
    assert split.input_shape == (3, 8, 8)


@pytest.mark.parametrize("size", [3, 7, 40])
def test_the_result_is_a_square_of_the_size_asked_for(tmp_path: Path, size: int):
    split = _file_split(_save(tmp_path / "a.jpg", _gradient(37, 53)), image_size=size)
    assert split.read(0).shape == (3, size, size)


def test_a_small_jpeg_is_close_to_the_resized_original(tmp_path: Path):
    pixels = np.kron(_gradient(16, 16), np.ones((16, 16, 1), dtype=np.uint8))
    split = _file_split(_save(tmp_path / "a.jpg", pixels, quality=95), image_size=16)
    difference = (
        split.read(0) - torch.from_numpy(_gradient(16, 16)).permute(2, 0, 1).double()
    )
    assert difference.abs().mean() < 3


@pytest.mark.parametrize("mode", ["P", "RGBA", "CMYK", "LA", "1"])
def test_every_mode_is_converted_to_three_channels(tmp_path: Path, mode: str):
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    Image.new("RGB", (4, 4), (255, 255, 255)).convert(mode).save(path)
    assert _file_split(path).read(0).float().mean() > 250


def test_a_palette_with_transparency_is_converted_without_a_warning(tmp_path: Path):
    image = Image.new("P", (4, 4), 0)
    image.putpalette([10, 20, 30])
    image.save(tmp_path / "a.png", transparency=b"\x80")
    assert _file_split(tmp_path / "a.png").read(0)[:, 0, 0].tolist() == [10, 20, 30]


def test_a_cut_off_file_is_refused_by_its_name(tmp_path: Path):
    path = _save(tmp_path / "a.jpg", _gradient(40, 40))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"a\.jpg: is cut short \(truncated image\)"):
        _file_split(path).read(0)


def test_a_file_that_is_no_image_is_refused_by_its_name(tmp_path: Path):
    (tmp_path / "a.jpg").write_text("hello")
    with pytest.raises(DataError, match=r"a\.jpg: is not an image file"):
        _file_split(tmp_path / "a.jpg").read(0)


def test_sixteen_bits_are_refused_rather_than_scaled_by_a_guess(tmp_path: Path):
    _save(tmp_path / "a.png", np.full((4, 4), 4095, dtype=np.uint16))
    message = re.escape("more than 8 bits a channel (mode I;16)")
    with pytest.raises(DataError, match=message):
        _file_split(tmp_path / "a.png").read(0)


def test_a_missing_file_is_refused_by_its_name(tmp_path: Path):
    with pytest.raises(DataError, match=r"gone\.png: No such file"):
        _file_split(tmp_path / "gone.png").read(0)
