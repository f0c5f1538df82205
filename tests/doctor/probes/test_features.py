"""Inputs of any structure become rows of finite numbers."""

import torch

from headway.doctor.probes.features import position_features, sample_features, tensors_in


def test_images_become_rows() -> None:
    assert sample_features(torch.rand(5, 3, 8, 8)).shape == (5, 192)


def test_large_images_are_averaged_down() -> None:
    assert sample_features(torch.ones(2, 3, 224, 224)).shape == (2, 768)


def test_long_rows_are_thinned() -> None:
    assert sample_features(torch.rand(3, 100_000)).shape[1] <= 4096


def test_names_are_counted() -> None:
    row = sample_features(torch.tensor([[3, 3, 0]]))[0]
    assert row[:4].tolist() == [1, 0, 0, 2]


def test_yes_and_no_stay_as_they_are() -> None:
    assert sample_features(torch.tensor([[1, 0], [0, 0]])).tolist() == [[1, 0], [0, 0]]


def test_whole_numbers_of_an_image_are_values() -> None:
    image = torch.full((1, 1, 2, 2), 200, dtype=torch.uint8)
    assert sample_features(image).tolist() == [[200.0] * 4]


def test_numbers_that_are_none_become_zero() -> None:
    row = sample_features(torch.tensor([[float("nan"), float("inf"), 1.0]]))
    assert row.tolist() == [[0, 0, 1]]


def test_structures_are_put_side_by_side() -> None:
    inputs = {"a": torch.rand(4, 2), "b": (torch.rand(4, 3), torch.rand(4))}
    assert sample_features(inputs).shape == (4, 6)


def test_what_is_no_tensor_is_left_out() -> None:
    assert len(tensors_in((torch.rand(2), "text", None))) == 1


def test_a_pixel_has_its_channels() -> None:
    image = torch.arange(2 * 3 * 2 * 2).reshape(2, 3, 2, 2).float()
    rows = position_features(image, torch.Size([2, 2, 2]))
    assert rows.shape == (8, 3)
    assert rows[0].tolist() == [0, 4, 8]


def test_positions_without_a_value_of_their_own_know_their_place() -> None:
    rows = position_features(torch.rand(3, 7), torch.Size([3, 2]))
    assert rows[:, :2].tolist() == [[1, 0], [0, 1]] * 3
