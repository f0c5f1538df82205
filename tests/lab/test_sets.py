import numpy as np
import pytest

from headway.data import read_source
from headway.lab.sets import digits_set, moved_digits, shifted_digits, write_set


def read(path):
    return dict(np.load(path))


def test_the_parts_of_a_set_share_no_digit(tmp_path):
    arrays = read(digits_set(tmp_path, seed=0, train=900, val=400, test=497))
    images = np.concatenate([arrays[f"x_{part}"] for part in ("train", "val", "test")])
    everything = read_source("digits").train.inputs[:, 0].numpy()
    assert sorted(map(bytes, images)) == sorted(map(bytes, everything))


def test_noise_replaces_the_stated_share_of_the_training_labels_by_other_classes(tmp_path):
    clean = read(digits_set(tmp_path, seed=0, train=600, val=500))
    noisy = read(digits_set(tmp_path, seed=0, train=600, val=500, noise=0.4))
    assert (clean["y_train"] != noisy["y_train"]).sum() == 240


def test_noise_leaves_parts_alone_that_are_not_named(tmp_path):
    clean = read(digits_set(tmp_path, seed=0, train=600, val=500))
    noisy = read(digits_set(tmp_path, seed=0, train=600, val=500, noise=0.4))
    assert (clean["y_val"] == noisy["y_val"]).all()


def test_each_seed_makes_another_set(tmp_path):
    one, other = (read(digits_set(tmp_path, seed=seed, train=600)) for seed in (0, 1))
    assert not (one["y_train"] == other["y_train"]).all()


def test_shifted_digits_are_the_test_part_one_pixel_away(tmp_path):
    test = read(digits_set(tmp_path, seed=3, train=300, test=50))
    shifted = read(shifted_digits(tmp_path, seed=3, train=300, test=50))
    for image, moved in zip(test["x_test"], shifted["x_train"], strict=True):
        padded = np.pad(image, 1)
        places = [padded[y : y + 8, x : x + 8] for y in range(3) for x in range(3)]
        matches = [i for i, place in enumerate(places) if (place == moved).all()]
        assert matches
        assert 4 not in matches


def test_moved_digits_have_the_mean_and_deviation_asked_for(tmp_path):
    images = read(moved_digits(tmp_path, offset=5.0, factor=10.0))["x_train"]
    assert images.mean() == pytest.approx(5.0, abs=1e-3)
    assert images.std() == pytest.approx(10.0, rel=1e-3)


def test_a_set_that_is_there_is_not_written_again(tmp_path):
    path = write_set(tmp_path / "a.npz", {"x_train": np.zeros(3)})
    write_set(path, {"x_train": np.ones(3)})
    assert read(path)["x_train"].sum() == 0
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]
