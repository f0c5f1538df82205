import torch
from sklearn.datasets import load_digits

from headway.data import list_sources, read_source


def test_the_digits_are_all_there():
    source = read_source("digits")
    assert source.train.inputs.shape == (1797, 1, 8, 8)
    assert source.classes == tuple("0123456789")


def test_the_sixteen_shades_are_stretched_to_the_whole_byte():
    shades = read_source("digits").train.inputs.unique().tolist()
    assert shades == [round(value * 255 / 16) for value in range(17)]


def test_images_and_labels_are_those_of_scikit_learn():
    source, original = read_source("digits"), load_digits()
    back = (source.train.inputs[:, 0].double() * 16 / 255).round()
    assert torch.equal(back, torch.from_numpy(original["images"]))
    assert torch.equal(source.train.targets, torch.from_numpy(original["target"]).long())


def test_the_digits_are_known_by_name():
    assert "digits" in list_sources()
