from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from headway.data import (
    ArraySplit,
    DataInfo,
    FileSplit,
    Source,
    SourceOptions,
    align_source,
    prepare_data,
    read_source,
)
from headway.errors import DataError

FLOWERS = "length,color,kind\n1.5,red,rose\n2.5,blue,iris\n3.5,red,lily\n4.5,blue,rose\n"


def _table(folder: Path, text: str, **options: Any) -> Source:
    options.setdefault("target", "kind")
    (folder / "table.csv").write_text(text)
    return read_source(str(folder / "table.csv"), SourceOptions(**options))


def _arrays(folder: Path, **arrays: Any) -> Source:
    np.savez(folder / "set.npz", **arrays)
    return read_source(str(folder / "set.npz"))


def _info(source: Source) -> DataInfo:
    return prepare_data(source, val_fraction=0.0, test_fraction=0.0, split_seed=0).info


def _numbers(classes: tuple[str, ...]) -> Source:
    """Images of one pixel, one of each class."""
    split = ArraySplit(
        torch.arange(len(classes), dtype=torch.uint8).reshape(-1, 1, 1, 1),
        torch.arange(len(classes)),
    )
    return Source(
        name="set", kind="image", task="classification", classes=classes, train=split
    )


def test_the_source_of_the_training_stays_as_it_is():
    source = read_source("digits")
    aligned = align_source(source, _info(source))
    assert torch.equal(aligned.train.targets, source.train.targets)
    assert aligned.classes == source.classes


def test_classes_are_renumbered_by_name():
    aligned = align_source(_numbers(("dog", "ant")), _info(_numbers(("ant", "cat", "dog"))))
    assert aligned.train.targets.tolist() == [2, 0]
    assert aligned.classes == ("ant", "cat", "dog")


def test_every_part_is_aligned(tmp_path: Path):
    trained = _info(_arrays(tmp_path, x=np.eye(3), y=np.array(["ant", "cat", "dog"])))
    arrays = {f"x_{part}": np.eye(3)[:2] for part in ("train", "val", "test")}
    labels = {f"y_{part}": np.array(["cat", "dog"]) for part in ("train", "val", "test")}
    aligned = align_source(_arrays(tmp_path, **arrays, **labels), trained)
    for part in (aligned.train, aligned.val, aligned.test):
        assert part is not None
        assert part.targets.tolist() == [1, 2]


@pytest.mark.parametrize("names", [("3", "8"), ("03", "08"), ("3.0", "8.")], ids=str)
def test_numbers_are_the_same_class_however_they_are_written(names: tuple[str, str]):
    aligned = align_source(_numbers(names), _info(_numbers(("1", "3", "8"))))
    assert aligned.train.targets.tolist() == [1, 2]


def test_names_that_differ_as_words_are_kept_apart():
    aligned = align_source(_numbers(("1", "01")), _info(_numbers(("01", "1"))))
    assert aligned.train.targets.tolist() == [1, 0]


def test_labels_with_gaps_are_matched_by_their_numbers(tmp_path: Path):
    source = _arrays(tmp_path, x=np.zeros((3, 8, 8), np.uint8), y=np.array([7, 0, 7]))
    aligned = align_source(source, _info(read_source("digits")))
    assert aligned.train.targets.tolist() == [7, 0, 7]


def test_one_class_is_enough_to_measure_on(tmp_path: Path):
    trained = _info(_table(tmp_path, FLOWERS))
    aligned = align_source(_table(tmp_path, "length,color,kind\n1,red,rose\n"), trained)
    assert aligned.train.targets.tolist() == [2]


def test_an_unknown_class_is_named_with_the_known_ones():
    message = r"samples of class 'dogs', .*it knows ant, cat, dog\. Did you mean 'dog'\?"
    with pytest.raises(DataError, match=message):
        align_source(_numbers(("ant", "dogs")), _info(_numbers(("ant", "cat", "dog"))))


def test_files_stay_files_with_new_numbers(tmp_path: Path):
    for name in ("cats/1.png", "dogs/2.png"):
        (tmp_path / name).parent.mkdir()
        Image.new("L", (1, 1)).save(tmp_path / name)
    source = read_source(str(tmp_path), SourceOptions(in_memory=False))
    aligned = align_source(source, _info(_numbers(("ants", "cats", "dogs"))))
    assert isinstance(aligned.train, FileSplit)
    assert aligned.train.targets.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("shape", "dtype", "message"),
    [
        (
            (3, 8, 8),
            np.uint8,
            "images of 3 channels, 8x8 pixels, uint8, and the network was",
        ),
        ((5, 9), np.uint8, r"1 channel, 9x5 pixels.*data\.image_size=8 data\.channels=1"),
        (
            (8, 8),
            np.float64,
            r"float32, .*trained on 1 channel, 8x8 pixels, uint8 \(digits\)$",
        ),
        (
            (8,),
            np.uint8,
            "holds tabular data for classification, and .* trained on image data",
        ),
    ],
    ids=["channels", "size", "type", "kind"],
)
def test_other_inputs_are_refused(
    tmp_path: Path, shape: tuple[int, ...], dtype: Any, message: str
):
    source = _arrays(tmp_path, x=np.ones((2, *shape), dtype), y=np.array([0, 1]))
    with pytest.raises(DataError, match=message):
        align_source(source, _info(read_source("digits")))


def test_another_task_is_refused(tmp_path: Path):
    source = _arrays(tmp_path, x=np.ones((2, 8, 8), np.uint8), y=np.array([0.5, 1.5]))
    with pytest.raises(
        DataError, match=r"image data for regression, .* for classification"
    ):
        align_source(source, _info(read_source("digits")))


def test_another_number_of_features_is_refused(tmp_path: Path):
    trained = _info(_table(tmp_path, FLOWERS))
    source = _arrays(tmp_path, x=np.ones((2, 5)), y=np.array(["iris", "rose"]))
    with pytest.raises(DataError, match="has 5 features, and the network was trained on 3"):
        align_source(source, trained)


def test_arrays_are_taken_for_a_table_in_their_order(tmp_path: Path):
    trained = _info(_table(tmp_path, FLOWERS))
    source = _arrays(tmp_path, x=np.eye(3)[:2], y=np.array(["iris", "rose"]))
    assert align_source(source, trained).train.inputs.tolist() == [[1, 0, 0], [0, 1, 0]]


def test_columns_are_reordered_by_name(tmp_path: Path):
    trained = _info(_table(tmp_path, FLOWERS))
    other = "color,kind,length\nred,iris,7\nblue,rose,8\n"
    aligned = align_source(_table(tmp_path, other), trained)
    assert aligned.feature_names == ("length", "color=blue", "color=red")
    assert aligned.train.inputs.tolist() == [[7, 0, 1], [8, 1, 0]]


def test_words_that_do_not_appear_give_columns_of_0(tmp_path: Path):
    trained = _info(_table(tmp_path, FLOWERS))
    aligned = align_source(_table(tmp_path, "length,color,kind\n1,red,iris\n"), trained)
    assert aligned.train.inputs.tolist() == [[1, 0, 1]]


def test_columns_unknown_to_the_training_are_left_out(tmp_path: Path):
    trained = _info(_table(tmp_path, FLOWERS))
    other = "place,id,length,color,kind\nhill,1,7,red,iris\nlake,2,8,blue,rose\n"
    aligned = align_source(_table(tmp_path, other), trained)
    assert aligned.train.inputs.tolist() == [[7, 0, 1], [8, 1, 0]]


def test_words_that_look_like_numbers_are_found_again(tmp_path: Path):
    trained = _info(_table(tmp_path, "rooms,kind\n1,a\n2,a\n3+,b\n"))
    assert trained.feature_names == ("rooms=1", "rooms=2", "rooms=3+")
    aligned = align_source(_table(tmp_path, "rooms,kind\n2,a\n1,b\n2,b\n"), trained)
    assert aligned.train.inputs.tolist() == [[0, 1, 0], [1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            FLOWERS.replace("length", "lenght"),
            r"has no column 'length', .* are lenght, color\. Did you mean 'lenght'\?",
        ),
        ("length,kind\n1,iris\n2,rose\n", "has no column 'color'"),
        (
            FLOWERS.replace("red", "blu"),
            r"'color' holds 'blu', .* it knows blue, red\. Did you mean 'blue'\?",
        ),
        (FLOWERS.replace("red", "7").replace("blue", "7"), "'color' holds '7'"),
        (FLOWERS.replace("1.5", "short"), "'length' holds words, such as '2.5'"),
    ],
    ids=["misspelt", "missing", "unseen word", "unseen number", "words for numbers"],
)
def test_other_columns_are_refused(tmp_path: Path, text: str, message: str):
    trained = _info(_table(tmp_path, FLOWERS))
    with pytest.raises(DataError, match=message):
        align_source(_table(tmp_path, text), trained)


def test_values_to_predict_are_reordered_by_name(tmp_path: Path):
    table = "area,price,rent\n1.5,2.5,3.5\n"
    trained = _info(_table(tmp_path, table, target="price,rent"))
    aligned = align_source(_table(tmp_path, table, target="rent,price"), trained)
    assert aligned.target_names == ("price", "rent")
    assert aligned.train.targets.tolist() == [[2.5, 3.5]]


def test_labels_are_reordered_by_name(tmp_path: Path):
    table = "area,p,q\n1.5,1,0\n2.5,1,1\n"
    trained = _info(_table(tmp_path, table, target="p,q"))
    aligned = align_source(_table(tmp_path, table, target="q,p"), trained)
    assert aligned.classes == ("p", "q")
    assert aligned.train.targets.tolist() == [[1, 0], [1, 1]]


@pytest.mark.parametrize("target", ["rent", "price,rent"])
def test_other_values_to_predict_are_refused(tmp_path: Path, target: str):
    table = "area,price,rent\n1.5,2.5,3.5\n"
    trained = _info(_table(tmp_path, table, target="price"))
    message = r"those of the network are price .*--set data\.target=price"
    with pytest.raises(DataError, match=message):
        align_source(_table(tmp_path, table, target=target), trained)


def test_values_in_arrays_are_taken_in_their_order(tmp_path: Path):
    table = "area,price,rent\n1.5,2.5,3.5\n"
    trained = _info(_table(tmp_path, table, target="price,rent"))
    source = _arrays(tmp_path, x=np.ones((2, 1)), y=np.array([[0.5, 1.5], [2, 3]]))
    assert align_source(source, trained).train.targets.tolist() == [[0.5, 1.5], [2, 3]]
