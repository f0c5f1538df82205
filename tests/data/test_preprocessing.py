from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from headway.data.fitting import fit_preprocessing
from headway.data.preprocessing import build_preprocessing
from headway.data.splits import ArraySplit, FileSplit
from headway.errors import DataError, RecipeError

STATISTICS = ["pixel-mean", "channel-mean", "channel-mean-std", "standardize", "pca", "zca"]


def split_of(inputs: torch.Tensor) -> ArraySplit:
    return ArraySplit(inputs, torch.zeros(len(inputs), dtype=torch.int64))


def images(samples: int = 200, channels: int = 3, side: int = 4) -> torch.Tensor:
    """Return uint8 images whose neighbouring values are correlated."""
    noise = np.random.default_rng(0).normal(size=(samples, channels, side, side))
    smooth = 128 + 40 * (noise + 0.5 * np.roll(noise, 1, axis=3)) + noise.mean()
    return torch.from_numpy(smooth.clip(0, 255).astype(np.uint8))


def table(samples: int = 500, features: int = 6) -> torch.Tensor:
    generator = np.random.default_rng(1)
    mixing = generator.normal(size=(features, features))
    values = generator.normal(size=(samples, features)) @ mixing + generator.normal(
        size=features
    )
    return torch.from_numpy(values.astype(np.float32))


def covariance(outputs: torch.Tensor) -> np.ndarray:
    return np.cov(outputs.flatten(1).double().numpy(), rowvar=False, bias=True)


def test_none_scales_whole_numbers_to_the_unit_interval():
    preprocess = fit_preprocessing("none", split_of(images()))
    every = torch.arange(256, dtype=torch.uint8)[None]
    expected = torch.arange(256) / 255
    torch.testing.assert_close(preprocess(every)[0], expected, rtol=1e-6, atol=0)
    assert preprocess(every).max() == 1


@pytest.mark.parametrize("kind", ["none", *STATISTICS])
def test_images_in_unit_scale_give_what_their_whole_numbers_give(kind):
    raw = images()
    preprocess = fit_preprocessing(kind, split_of(raw))
    unit = raw.to(torch.float32) / 255
    torch.testing.assert_close(preprocess(unit), preprocess(raw), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["none", *STATISTICS])
def test_inputs_are_not_changed_in_place(kind):
    raw = images().to(torch.float32)
    before = raw.clone()
    fit_preprocessing(kind, split_of(raw))(raw)
    assert torch.equal(raw, before)


@pytest.mark.parametrize(
    ("kind", "axes", "is_scaled"),
    [
        ("pixel-mean", (0,), False),
        ("channel-mean", (0, 2, 3), False),
        ("channel-mean-std", (0, 2, 3), True),
        ("standardize", (0,), True),
    ],
)
def test_statistics_of_images_equal_numpy_in_float64(kind, axes, is_scaled):
    raw = images()
    unit = raw.double().numpy() / 255
    expected = unit - unit.mean(axis=axes, keepdims=True)
    if is_scaled:
        expected /= unit.std(axis=axes, keepdims=True)
    got = fit_preprocessing(kind, split_of(raw))(raw)
    np.testing.assert_allclose(got.numpy(), expected, atol=2e-6)


@pytest.mark.parametrize(
    ("kind", "shapes"),
    [
        ("pixel-mean", {"mean": (3, 4, 4)}),
        ("channel-mean", {"mean": (3, 1, 1)}),
        ("channel-mean-std", {"mean": (3, 1, 1), "std": (3, 1, 1)}),
    ],
)
def test_there_is_a_mean_image_or_a_number_for_each_channel(kind, shapes):
    state = fit_preprocessing(kind, split_of(images())).state_dict()
    assert {name: tuple(value.shape) for name, value in state.items()} == shapes


def test_standardized_features_equal_numpy_in_float64():
    raw = table()
    values = raw.double().numpy()
    expected = (values - values.mean(axis=0)) / values.std(axis=0)
    got = fit_preprocessing("standardize", split_of(raw))(raw)
    np.testing.assert_allclose(got.numpy(), expected, atol=2e-6)


def test_a_large_offset_does_not_spoil_the_standard_deviation():
    raw = torch.tensor([[1e6], [1e6 + 1], [1e6 + 2]])
    got = fit_preprocessing("standardize", split_of(raw))(raw)
    torch.testing.assert_close(got[:, 0], torch.tensor([-1.0, 0.0, 1.0]) * 1.5**0.5)


@pytest.mark.parametrize("value", [0.0, 0.1, -12345.678])
@pytest.mark.parametrize("kind", ["standardize", "pca", "zca"])
def test_a_feature_without_variance_becomes_zero_and_is_not_blown_up(kind, value):
    raw = torch.cat((table(1437, 3), torch.full((1437, 1), value)), dim=1)
    preprocess = fit_preprocessing(kind, split_of(raw))
    assert preprocess(raw).isfinite().all()
    shifted = raw.clone()
    shifted[:, 3] += 1
    assert (preprocess(shifted) - preprocess(raw)).abs().max() == pytest.approx(1, rel=1e-2)


@pytest.mark.parametrize("kind", ["pca", "zca"])
def test_whitened_images_have_the_identity_as_covariance(kind):
    raw = images(400)
    got = fit_preprocessing(kind, split_of(raw), eps=0.0)(raw)
    assert got.shape == raw.shape
    np.testing.assert_allclose(covariance(got), np.eye(48), atol=1e-4)
    assert got.mean(dim=0).abs().max() < 1e-4


@pytest.mark.parametrize("kind", ["pca", "zca"])
def test_whitened_features_have_the_identity_as_covariance(kind):
    raw = table()
    got = fit_preprocessing(kind, split_of(raw), eps=0.0)(raw)
    assert got.shape == raw.shape
    np.testing.assert_allclose(covariance(got), np.eye(6), atol=1e-4)


def test_the_zca_matrix_is_the_symmetric_inverse_root_of_the_covariance():
    raw = table()
    matrix = (
        fit_preprocessing("zca", split_of(raw), eps=0.0).state_dict()["matrix"].double()
    )
    torch.testing.assert_close(matrix, matrix.T, rtol=0, atol=1e-6)
    product = matrix.numpy() @ covariance(raw) @ matrix.numpy()
    np.testing.assert_allclose(product, np.eye(6), atol=1e-4)


def test_principal_components_equal_those_of_a_singular_value_decomposition():
    raw = table()
    values = raw.double().numpy()
    centered = values - values.mean(axis=0)
    left = np.linalg.svd(centered, full_matrices=False)[0] * len(values) ** 0.5
    got = fit_preprocessing("pca", split_of(raw), eps=0.0)(raw).double().numpy()
    signs = np.sign((left * got).sum(axis=0))
    np.testing.assert_allclose(got, left * signs, atol=1e-4)


def test_eps_damps_the_directions_of_little_variance():
    raw = table()
    variances = np.linalg.eigvalsh(covariance(raw))[::-1]
    got = fit_preprocessing("pca", split_of(raw), eps=0.5)(raw)
    expected = variances / (variances + 0.5)
    np.testing.assert_allclose(np.diag(covariance(got)), expected, atol=1e-5)


@pytest.mark.parametrize("kind", STATISTICS)
def test_chunks_give_the_statistics_of_the_whole(kind, monkeypatch):
    raw = images()
    whole = fit_preprocessing(kind, split_of(raw))(raw)
    monkeypatch.setattr("headway.data.fitting._CHUNK_VALUES", 7 * 48)
    torch.testing.assert_close(
        fit_preprocessing(kind, split_of(raw))(raw), whole, rtol=1e-4, atol=1e-5
    )


def test_files_give_the_statistics_of_their_pixels(tmp_path: Path):
    raw = images(20)
    paths = tuple(tmp_path / f"{number}.png" for number in range(len(raw)))
    for path, image in zip(paths, raw, strict=True):
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(path)
    files = FileSplit(paths, torch.zeros(20, dtype=torch.int64), "RGB")
    expected = fit_preprocessing("channel-mean-std", split_of(raw)).state_dict()
    got = fit_preprocessing("channel-mean-std", files).state_dict()
    assert all(torch.equal(got[name], expected[name]) for name in ("mean", "std"))


def test_files_of_two_sizes_are_refused_by_name(tmp_path: Path):
    paths = (tmp_path / "small.png", tmp_path / "large.png")
    for path, side in zip(paths, (4, 5), strict=True):
        Image.new("L", (side, 4)).save(path)
    files = FileSplit(paths, torch.zeros(2, dtype=torch.int64), "L")
    with pytest.raises(DataError, match=r"large\.png: has 5 x 4 pixels, and .*small\.png"):
        fit_preprocessing("channel-mean", files)


@pytest.mark.parametrize("kind", ["none", *STATISTICS])
def test_a_state_dict_restores_the_map(kind):
    raw = images()
    fitted = fit_preprocessing(kind, split_of(raw))
    restored = build_preprocessing(kind, (3, 4, 4))
    restored.load_state_dict(fitted.state_dict())
    assert torch.equal(restored(raw), fitted(raw))
    assert not list(fitted.parameters())


@pytest.mark.parametrize("kind", ["none", *STATISTICS])
def test_the_map_is_exported_with_any_batch_size(kind):
    raw = images()
    fitted = fit_preprocessing(kind, split_of(raw)).eval()
    batch = {0: torch.export.Dim("batch", min=1, max=1024)}
    program = torch.export.export(fitted, (raw[:2],), dynamic_shapes=(batch,))
    torch.testing.assert_close(program.module()(raw[:5]), fitted(raw[:5]))


def test_an_unknown_kind_is_refused_with_the_closest_name():
    with pytest.raises(RecipeError, match=r"'zac'\. Did you mean 'zca'\?"):
        build_preprocessing("zac", (3, 4, 4))


def test_statistics_per_channel_need_images():
    with pytest.raises(RecipeError, match=r"'channel-mean' needs images .* shape \(6,\)"):
        fit_preprocessing("channel-mean", split_of(table()))


def test_whitening_of_large_images_is_refused():
    with pytest.raises(RecipeError, match="needs a matrix of 12288 x 12288"):
        build_preprocessing("zca", (3, 64, 64))


def test_values_that_are_not_finite_are_refused():
    raw = table()
    raw[3, 2] = torch.nan
    with pytest.raises(DataError, match="values that are not finite"):
        fit_preprocessing("standardize", split_of(raw))


def test_an_empty_split_is_refused():
    with pytest.raises(ValueError, match="fitted to at least one sample"):
        fit_preprocessing("none", split_of(table()[:0]))


def test_a_negative_eps_is_refused():
    with pytest.raises(ValueError, match="eps must not be negative, got -1"):
        fit_preprocessing("pca", split_of(table()), eps=-1.0)
