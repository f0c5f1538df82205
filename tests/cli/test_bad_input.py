"""What headway says of data that cannot be trained on: one message and no traceback."""

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

NAMES = (
    "digits, mnist, fashion-mnist, emnist-letters, cifar10, cifar100, adding, copy, "
    "temporal-order"
)
X = np.linspace(-1.0, 1.0, 160, dtype=np.float32).reshape(40, 4)
Y = np.arange(40) % 3
HOUSES = "rooms,town,price\n" + "".join(f"{i % 7},{'ns'[i % 2]},{i}.5\n" for i in range(40))


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path("unpickled"),)


def save_image(path: Path, size: tuple[int, int] = (8, 8), mode: str = "L") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    Image.fromarray(noise).convert(mode).save(path)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("digist", "there is no data source or path 'digist'. Did you mean 'digits'?"),
        (
            "my/data",
            f"there is no path 'my/data': ... has no 'my'. Sources known by name are {NAMES}",
        ),
        (
            "pictuers/a",
            "there is no path ... has no 'pictuers'. Did you mean 'pictures'? ...",
        ),
        (
            "notes.txt",
            "notes.txt: not a kind of file that can be trained on; expected a folder with "
            "one sub-folder of images for each class, .npz, .npy, idx files, .csv, .tsv or "
            ".parquet, or text:notes.txt to learn a text",
        ),
        ("text:note.txt", "note.txt: there is no such file. Did you mean 'notes.txt'?"),
        ("text:notes.txt", "notes.txt: the file is empty; give one with text in it"),
        ("text:pictures", "pictures: is a folder; give one text file, such as ..."),
        (
            "copy:ten",
            "copy:ten: the length must be a whole number of at least 0, such as copy:20, got "
            "'ten'",
        ),
        (
            "mnist",
            "mnist is not at data/MNIST/raw or not complete there; put its files there, say "
            "where they are with --set data.root=FOLDER, or add --set data.download=true",
        ),
    ],
    ids=[
        "name",
        "path",
        "misspelt path",
        "kind",
        "misspelt text",
        "empty text",
        "folder as text",
        "length",
        "absent",
    ],
)
def test_an_unknown_source_is_refused(refused_training, in_tmp_path, data, expected):
    (in_tmp_path / "pictures").mkdir()
    (in_tmp_path / "notes.txt").touch()

    refused_training(expected, data)


IMAGES = {
    "empty class": (
        lambda photos: (photos / "bird").mkdir(),
        "photos/bird: the class folder is empty; add images or remove it",
    ),
    "one class": (
        lambda photos: shutil.rmtree(photos / "dog"),
        "photos: all samples are of one class ('cat'), so there is nothing to learn; at "
        "least two classes are needed",
    ),
    "no class": (
        lambda photos: [shutil.rmtree(photos / name) for name in ("cat", "dog")],
        "photos: has no class folders; put the images of each class into a folder with its "
        "name, or give a file",
    ),
    "text": (
        lambda photos: (photos / "cat" / "notes.txt").write_text("a cat"),
        "photos: 1 unreadable file; mend or remove what is listed, or leave it out with "
        "--bad-data skip:\n  photos/cat/notes.txt: is not an image file that Pillow can read",
    ),
    "truncated": (
        lambda photos: (photos / "cat" / "0.png").write_bytes(
            (photos / "cat" / "1.png").read_bytes()[:-40]
        ),
        "photos: 1 unreadable file; ...:\n  photos/cat/0.png: is cut short (truncated image)",
    ),
    "channels": (
        lambda photos: save_image(photos / "cat" / "9.png", mode="RGB"),
        "the images have different channel counts: 8 are gray (1 channel), 1 are colored (3 "
        "channels), such as photos/cat/9.png; make them alike with --set data.channels=3 or "
        "--set data.channels=1",
    ),
    "sizes": (
        lambda photos: save_image(photos / "cat" / "9.png", size=(9, 12)),
        "the images have 2 different sizes: 8 of 9 are 8x8, but not photos/cat/9.png "
        "(9x12); resize and crop all of them to a square with --set data.image_size=8 or "
        "another side",
    ),
}


@pytest.mark.parametrize(("spoil", "expected"), IMAGES.values(), ids=IMAGES)
def test_bad_images_are_refused(refused_training, in_tmp_path, spoil, expected):
    photos = in_tmp_path / "photos"
    for index in range(8):
        save_image(photos / ("cat" if index % 2 else "dog") / f"{index}.png")
    spoil(photos)

    refused_training(expected, "photos")


ARRAYS = {
    "no y": (
        {"x": X},
        "x.npz: 'x' has no partner; it holds x, expected x and y, or x_train, y_train and ...",
    ),
    "lengths": (
        {"x": X, "y": Y[1:]},
        "x.npz: the inputs of train are 40 samples, but there are 39 targets; save one "
        "target for each sample",
    ),
    "negative": (
        {"x": X, "y": Y - 1},
        "x.npz: 14 labels of train are negative, the smallest is -1; number the classes 0, "
        "1, 2, ... or train on them as numbers with --set task.kind=regression",
    ),
    "out of range": (
        {"x_train": X, "y_train": Y, "x_test": X[:3], "y_test": [0, 7, 2]},
        "x.npz: 1 labels of test are outside the range 0 to 2 of the 3 classes, such as 7; "
        "correct them or take those samples out",
    ),
    "gaps": (
        {"x": X, "y": np.where(Y == 2, 5, Y)},
        "x.npz: labels go up to 5 but no sample has label 2, 3, 4...; number the 3 classes "
        "0 to 2 without gaps, or train on them as numbers with --set task.kind=regression",
    ),
    "NaN": (
        {"x": np.where(X.max() == X, np.nan, X), "y": Y},
        "x.npz: the inputs of train hold 1 NaN and 0 Inf values in 1 of 40 samples; replace "
        "them or take those samples out",
    ),
    "NaN target": (
        {"x": X, "y": np.where(Y == 2, np.nan, X[:, 0])},
        "x.npz: the targets of train hold 13 NaN and 0 Inf values in 13 of 40 samples; "
        "every target must be a finite number",
    ),
    "objects": (
        {"x": np.array([Trap()] * 40, dtype=object), "y": Y},
        "x.npz: array 'x' holds pickled Python objects, which are never loaded because that "
        "could run code; save plain arrays of numbers, all samples of one shape",
    ),
}


@pytest.mark.parametrize(("arrays", "expected"), ARRAYS.values(), ids=ARRAYS)
def test_bad_arrays_are_refused(refused_training, in_tmp_path, arrays, expected):
    np.savez(in_tmp_path / "x.npz", **arrays)

    refused_training(expected, "x.npz")
    assert not (in_tmp_path / "unpickled").exists()


IDX = {
    "magic": (
        "train-images-idx3-ubyte",
        lambda content: b"PK\3\4" + content[4:],
        "starts with 50 4b 03 04, which is not the magic number of an idx file (00 00, "
        "type, number of dimensions); fetch the file again",
    ),
    "short": (
        "train-images-idx3-ubyte",
        lambda content: content[:-10],
        "its header announces 196 bytes (shape (20, 3, 3)), but it has 186: cut short or "
        "damaged; fetch it again",
    ),
    "gzip": (
        "train-images-idx3-ubyte.gz",
        lambda content: gzip.compress(content)[:-12],
        "the gzip file is cut short or damaged (...); fetch it again",
    ),
}


@pytest.mark.parametrize(("name", "spoil", "expected"), IDX.values(), ids=IDX)
def test_bad_idx_files_are_refused(refused_training, in_tmp_path, name, spoil, expected):
    images, labels = bytes(range(180)), bytes(range(20))
    folder = in_tmp_path / "idx"
    folder.mkdir()
    sizes = np.array([20, 3, 3], ">u4").tobytes()
    (folder / name).write_bytes(spoil(b"\0\0\x08\3" + sizes + images))
    (folder / "train-labels-idx1-ubyte").write_bytes(b"\0\0\x08\1\0\0\0\x14" + labels)

    refused_training(f"idx/{name}: {expected}", "idx")


TABLES = {
    "no target": (
        HOUSES,
        [],
        "say which column to predict with --set data.target=COLUMN; the columns are rooms, "
        "town, price",
    ),
    "misspelt target": (
        HOUSES,
        ["data.target=prise"],
        "has no column 'prise'; the columns are rooms, town, price. Did you mean 'price'?",
    ),
    "missing values": (
        HOUSES + ",n,3.5\nNA,s,4.5\n",
        ["data.target=price"],
        "2 of 42 rows have missing or infinite values: rooms (2 rows); fill them, or leave "
        "these rows out with --bad-data skip",
    ),
    "words to regress": (
        HOUSES,
        ["data.target=town", "task.kind=regression"],
        "column 'town' holds words, such as 'n', and regression needs numbers; mend them, "
        "or leave task.kind out to make every word a class",
    ),
    "stray word": (
        HOUSES + "3,n,12 EUR\n",
        ["data.target=price"],
        "column 'price' holds numbers, but words in 1 of 41 rows, such as '12 EUR'; mend "
        "these to predict numbers, or make every value a class with --set "
        "task.kind=classification",
    ),
    "numbers to classify": (
        HOUSES,
        ["data.target=price", "task.kind=classification"],
        "column 'price' holds numbers that are not whole, so they are no classes; use --set "
        "task.kind=regression",
    ),
    "single samples": (
        "a,b\n" + "".join(f"{i},name {i}\n" for i in range(30)),
        ["data.target=b"],
        "a class with a single sample cannot be divided into a part to learn from and one "
        "held out: name 0, name 1, name 10, name 11, name 12 and 25 more; add samples or "
        "take it out",
    ),
    "empty": (
        "",
        ["data.target=price"],
        "the file is empty; expected a line of column names and rows below it",
    ),
    "no rows": (
        "rooms,price\n",
        ["data.target=price"],
        "has column names but no rows; add rows",
    ),
}


@pytest.mark.parametrize(("text", "settings", "expected"), TABLES.values(), ids=TABLES)
def test_bad_tables_are_refused(refused_training, in_tmp_path, text, settings, expected):
    (in_tmp_path / "x.csv").write_text(text)

    refused_training(f"x.csv: {expected}", "x.csv", *settings)


def test_image_augmentation_of_a_table_is_refused(refused_training, in_tmp_path):
    (in_tmp_path / "x.csv").write_text(HOUSES)

    refused_training(
        "augmentation is for images, but 'x.csv' holds tabular data; leave the augmentation "
        "section out",
        "x.csv",
        "data.target=price",
        "augmentation.flip=true",
    )
