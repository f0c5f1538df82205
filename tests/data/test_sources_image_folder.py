import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from headway.data import ArraySplit, FileSplit, Source, SourceOptions, read_source
from headway.errors import DataError


def _save(path: Path, *, size: tuple[int, int] = (6, 5), mode: str = "RGB") -> Path:
    """Save a picture of noise that is a function of its file name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(list(path.name.encode()))
    pixels = generator.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)
    return path


def _folder(root: Path, *, part: str = ".") -> Path:
    for name in ("bees/b1.png", "bees/b2.png", "ants/a1.png", "ants/a2.png"):
        _save(root / part / name)
    return root


def _read(root: Path, **options: object) -> Source:
    return read_source(str(root), SourceOptions(**options))


def _pixels(path: Path) -> torch.Tensor:
    return torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1)


def test_every_sub_folder_is_a_class(tmp_path: Path):
    source = _read(_folder(tmp_path))
    assert source.classes == ("ants", "bees")
    assert source.train.targets.tolist() == [0, 0, 1, 1]


def test_pixels_are_those_of_the_files_in_the_order_of_their_names(tmp_path: Path):
    source = _read(_folder(tmp_path))
    paths = sorted(tmp_path.glob("*/*.png"))
    assert isinstance(source.train, ArraySplit)
    assert torch.equal(source.train.inputs, torch.stack([_pixels(path) for path in paths]))


@pytest.mark.parametrize("val_name", ["val", "valid", "validation"])
def test_own_parts_are_kept(tmp_path: Path, val_name: str):
    for part in ("train", val_name, "test"):
        _folder(tmp_path, part=part)
    _save(tmp_path / "test/ants/a3.png")
    source = _read(tmp_path)
    assert [len(part) for part in (source.train, source.val, source.test)] == [4, 4, 5]


def test_a_class_may_be_called_train(tmp_path: Path):
    for name in ("train", "bus"):
        _save(tmp_path / name / "a.png")
    assert _read(tmp_path).classes == ("bus", "train")


def test_folders_within_a_class_are_searched(tmp_path: Path):
    _save(_folder(tmp_path) / "ants/old/deep/a3.png")
    assert _read(tmp_path).train.targets.tolist() == [0, 0, 0, 1, 1]


def test_litter_of_operating_systems_is_no_image(tmp_path: Path):
    _folder(tmp_path)
    for name in (".DS_Store", "ants/.DS_Store", "ants/Thumbs.db", ".git/config"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert len(_read(tmp_path).train) == 4


def test_gray_files_give_one_channel(tmp_path: Path):
    for name in ("ants/a.png", "bees/b.png"):
        _save(tmp_path / name, mode="L")
    assert _read(tmp_path).train.input_shape == (1, 5, 6)


@pytest.mark.parametrize("mode", ["P", "RGBA"])
def test_palettes_and_alpha_give_three_channels(tmp_path: Path, mode: str):
    _save(_folder(tmp_path) / "ants/a3.png", mode=mode)
    assert _read(tmp_path).train.input_shape == (3, 5, 6)


def test_channels_make_gray_and_colored_files_alike(tmp_path: Path):
    _save(_folder(tmp_path) / "ants/a3.png", mode="L")
    assert _read(tmp_path, channels=3).train.input_shape == (3, 5, 6)
    assert _read(tmp_path, channels=1).train.input_shape == (1, 5, 6)


def test_image_size_makes_files_of_all_sizes_alike(tmp_path: Path):
    _save(_folder(tmp_path) / "ants/a3.png", size=(30, 20))
    assert _read(tmp_path, image_size=4).train.inputs.shape == (5, 3, 4, 4)


def test_files_stay_files_where_that_is_asked_for(tmp_path: Path):
    split = _read(_folder(tmp_path), in_memory=False).train
    assert isinstance(split, FileSplit)
    assert split.input_shape == (3, 5, 6)
    assert torch.equal(split.read(0), _pixels(tmp_path / "ants/a1.png"))


@pytest.mark.parametrize("image_size", [None, 4])
def test_memory_and_files_hold_the_same_pixels(tmp_path: Path, image_size: int | None):
    _folder(tmp_path)
    files = _read(tmp_path, in_memory=False, image_size=image_size).train
    memory = _read(tmp_path, in_memory=True, image_size=image_size).train
    assert isinstance(files, FileSplit)
    assert isinstance(memory, ArraySplit)
    assert torch.equal(torch.stack([files.read(i) for i in range(4)]), memory.inputs)


@pytest.mark.parametrize(("image_size", "kind"), [(7, ArraySplit), (8, FileSplit)])
def test_images_above_the_limit_of_memory_stay_files(
    tmp_path: Path, image_size: int, kind: type, monkeypatch: pytest.MonkeyPatch
):
    for name in ("ants/a.png", "bees/b.png"):
        _save(tmp_path / name, mode="L")
    # Between 2 x 7 x 7 and 2 x 8 x 8 bytes.
    monkeypatch.setattr("headway.data.sources.image_folder._MAX_MEMORY_BYTES", 100)
    assert isinstance(_read(tmp_path, image_size=image_size).train, kind)


def test_an_image_on_its_side_counts_as_upright(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 8
    Image.new("RGB", (5, 6)).save(_folder(tmp_path) / "ants/a3.png", exif=exif)
    assert _read(tmp_path).train.input_shape == (3, 5, 6)


def test_an_empty_class_folder_is_named(tmp_path: Path):
    (_folder(tmp_path) / "wasps").mkdir()
    with pytest.raises(DataError, match="wasps: the class folder is empty"):
        _read(tmp_path)


def test_nothing_can_be_learned_from_one_class_only(tmp_path: Path):
    _save(tmp_path / "ants/a.png")
    assert "all samples are of one class ('ants')" in _read(tmp_path).untrainable


@pytest.mark.parametrize("has_images", [False, True], ids=["empty", "loose images"])
def test_a_folder_without_classes_is_refused(tmp_path: Path, has_images: bool):
    if has_images:
        _save(tmp_path / "a.png")
    with pytest.raises(DataError, match="has no class folders"):
        _read(tmp_path)


def test_test_images_without_classes_are_refused(tmp_path: Path):
    _folder(tmp_path, part="train")
    _save(tmp_path / "test/a.png")
    with pytest.raises(DataError, match="test: has no class folders"):
        _read(tmp_path)


def test_a_test_class_that_is_never_trained_is_refused(tmp_path: Path):
    _folder(tmp_path, part="train")
    _save(tmp_path / "test/bee/a.png")
    with pytest.raises(
        DataError, match=r"class 'bee' is not among.* Did you mean 'bees'\?"
    ):
        _read(tmp_path)


def test_two_validation_folders_are_refused(tmp_path: Path):
    for part in ("train", "val", "valid"):
        _folder(tmp_path, part=part)
    with pytest.raises(DataError, match=r"val and .*valid are both val data"):
        _read(tmp_path)


def test_different_sizes_are_refused_by_name(tmp_path: Path):
    _save(_folder(tmp_path) / "ants/a3.png", size=(9, 8))
    message = r"4 of 5 are 6x5, but not .*a3\.png \(9x8\); .*--set data\.image_size=5"
    with pytest.raises(DataError, match=message):
        _read(tmp_path)


def test_different_channel_counts_are_refused_by_name(tmp_path: Path):
    _save(_folder(tmp_path) / "ants/a3.png", mode="L")
    message = (
        r"4 are colored \(3 channels\), 1 are gray .*a3\.png; .*--set data\.channels=3"
    )
    with pytest.raises(DataError, match=message):
        _read(tmp_path)


def test_the_list_of_unlike_files_is_short(tmp_path: Path):
    for i in range(5):
        _save(_folder(tmp_path) / f"ants/g{i}.png", mode="L")
        _save(tmp_path / f"bees/c{i}.png")
    with pytest.raises(DataError, match=r"g0\.png, .*g1\.png, .*g2\.png and 2 more;"):
        _read(tmp_path)


def test_every_bad_file_is_named_with_its_fault(tmp_path: Path):
    with pytest.raises(DataError) as caught:
        _read(_with_bad_files(tmp_path))
    first, *lines = str(caught.value).splitlines()
    assert "3 unreadable files" in first
    assert "--bad-data skip" in first
    assert lines == [
        f"  {tmp_path}/ants/deep.png: has more than 8 bits a channel (mode I;16); save it "
        "as 8 bit with the scale you want, or give the images as a float array in an .npz "
        "file",
        f"  {tmp_path}/ants/note.txt: is not an image file that Pillow can read",
        f"  {tmp_path}/bees/cut.jpg: is cut short (truncated image)",
    ]


@pytest.mark.parametrize("in_memory", [True, False])
def test_bad_files_are_left_out_and_reported(tmp_path: Path, in_memory: bool):
    source = _read(_with_bad_files(tmp_path), bad_data="skip", in_memory=in_memory)
    assert source.train.targets.tolist() == [0, 0, 1, 1]
    assert [Path(line.split(":")[0]).name for line in source.skipped] == [
        "deep.png",
        "note.txt",
        "cut.jpg",
    ]


def test_damage_within_a_file_is_found_while_it_is_read_into_memory(tmp_path: Path):
    path = _folder(tmp_path) / "bees/b1.png"
    content = bytearray(path.read_bytes())
    content[70] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"1 unreadable file;.*\n.*b1\.png"):
        _read(tmp_path)
    source = _read(tmp_path, bad_data="skip")
    assert (source.train.targets.tolist(), len(source.skipped)) == ([0, 0, 1], 1)
    assert torch.equal(source.train.inputs[2], _pixels(tmp_path / "bees/b2.png"))


def test_a_size_that_the_header_hides_is_a_fault(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6
    body = b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    path = _folder(tmp_path) / "bees/b2.png"
    content = path.read_bytes()
    path.write_bytes(content[:-12] + chunk + content[-12:])
    with pytest.raises(DataError, match=r"b2\.png: has a size that its header hides: 5x6"):
        _read(tmp_path)


def test_a_class_of_bad_files_only_is_refused(tmp_path: Path):
    _folder(tmp_path)
    (tmp_path / "wasps").mkdir()
    (tmp_path / "wasps/w.jpg").write_text("no image")
    with pytest.raises(DataError, match="wasps: no readable image is left in this class"):
        _read(tmp_path, bad_data="skip")


def test_a_folder_of_other_files_is_refused_in_one_line(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "text.txt").write_text("no image")
    with pytest.raises(
        DataError, match=r"none of the 2 files is an image, such as .*text"
    ) as caught:
        _read(tmp_path, bad_data="skip")
    assert "\n" not in str(caught.value)


def _with_bad_files(root: Path) -> Path:
    _folder(root)
    (root / "ants/note.txt").write_text("no image")
    Image.fromarray(np.full((5, 6), 4095, dtype=np.uint16)).save(root / "ants/deep.png")
    cut = _save(root / "bees/cut.jpg")
    cut.write_bytes(cut.read_bytes()[:-100])
    return root


@pytest.mark.data
def test_a_real_image_folder_is_read_whole(shared_data: Path):
    folder = shared_data / "hymenoptera"
    source = _read(folder, image_size=32)
    assert source.classes == ("ants", "bees")
    assert source.train.targets.bincount().tolist() == [
        len(list((folder / "train" / name).iterdir())) for name in source.classes
    ]
    assert source.train.input_shape == (3, 32, 32)


@pytest.mark.data
def test_real_images_of_different_sizes_need_a_size(shared_data: Path):
    with pytest.raises(DataError, match=r"different sizes: .*--set data\.image_size="):
        _read(shared_data / "hymenoptera")
