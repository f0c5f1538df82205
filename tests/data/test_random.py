import numpy as np
import pytest
import torch

from headway.data.random import derive_seed, normal, symmetric_beta, uniform

WORD = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15


def mixed(state: int) -> int:
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & WORD
    return state ^ (state >> 31)


def hashed(*parts: int) -> int:
    state = 0
    for part in parts:
        state = mixed((state + GAMMA + part) & WORD)
    return state


def draws(samples: int, *, seed: int = 3, epoch: int = 5, stream: int = 1, count: int = 4):
    return uniform(seed, epoch, torch.arange(samples), stream, count)


def test_a_seed_of_zero_starts_with_the_published_first_output_of_splitmix64():
    assert derive_seed(0) == 0xE220A8397B1DCDAF >> 1


def test_derived_seeds_are_accepted_by_a_torch_generator():
    seeds = [
        derive_seed(seed, epoch) for seed in (-1, 0, 2**63, 2**80) for epoch in range(9)
    ]
    for seed in seeds:
        torch.Generator().manual_seed(seed)
    # 2**80 and 0 are the same modulo 2**64.
    assert len(set(seeds)) == 27


def test_draws_equal_splitmix64_computed_with_whole_numbers():
    indices = torch.tensor([0, 1, 59_999, 2**40 + 17])
    got = uniform(-7, 11, indices, 2, 3)
    start = hashed(-7, 11, 2)
    expected = [
        [mixed((start + GAMMA * (i * 65536 + k)) & WORD) >> 40 for k in (1, 2, 3)]
        for i in indices.tolist()
    ]
    assert torch.equal(got.double() * 2**24, torch.tensor(expected, dtype=torch.float64))


def test_a_sample_draws_the_same_numbers_in_every_batch():
    whole = draws(1000)
    indices = torch.tensor([999, 3, 3, 512])
    assert torch.equal(uniform(3, 5, indices, 1, 4), whole[indices])


def test_fewer_numbers_are_the_first_of_more_numbers():
    assert torch.equal(draws(100, count=2), draws(100, count=5)[:, :2])


def test_no_sample_and_no_number_give_empty_results():
    assert draws(0).shape == (0, 4)
    assert draws(3, count=0).shape == (3, 0)


def test_draws_lie_in_the_half_open_unit_interval():
    values = draws(200_000)
    assert values.min() >= 0
    assert values.max() < 1


def test_mean_and_variance_are_those_of_the_uniform_distribution():
    values = draws(200_000).double()
    tolerance = 5 * (1 / 12 / len(values)) ** 0.5
    assert (values.mean(dim=0) - 1 / 2).abs().max() < tolerance
    assert (values.var(dim=0) - 1 / 12).abs().max() < tolerance


def test_every_one_of_256_bins_is_equally_likely():
    counts = torch.bincount((draws(200_000).flatten() * 256).long(), minlength=256).double()
    expected = counts.sum() / 256
    chi_squared = float(((counts - expected) ** 2 / expected).sum())
    # Mean 255, standard deviation 22.6.
    assert abs(chi_squared - 255) < 4 * 22.6


def test_even_the_last_bits_are_equally_likely():
    last = (draws(200_000) * 2**24).long() % 16
    counts = torch.bincount(last.flatten(), minlength=16).double()
    expected = counts.sum() / 16
    # Mean 15, standard deviation 5.5.
    assert float(((counts - expected) ** 2 / expected).sum()) < 15 + 4 * 5.5


@pytest.mark.parametrize(
    "other",
    [{"seed": 4}, {"epoch": 6}, {"stream": 2}],
    ids=["seed", "epoch", "stream"],
)
def test_neighbouring_keys_are_uncorrelated(other: dict[str, int]):
    pair = torch.stack((draws(100_000)[:, 0], draws(100_000, **other)[:, 0]))
    assert torch.corrcoef(pair.double())[0, 1].abs() < 5 / 100_000**0.5


def test_neighbouring_samples_and_numbers_are_uncorrelated():
    values = draws(100_000).double()
    neighbours = torch.cat((values[:-1].T, values[1:].T))
    off_diagonal = torch.corrcoef(neighbours) - torch.eye(8, dtype=torch.float64)
    assert off_diagonal.abs().max() < 5 / 100_000**0.5


def test_pairs_of_numbers_fill_the_unit_square_evenly():
    cells = (draws(200_000)[:, :2] * 16).long().numpy()
    counts = np.bincount(cells[:, 0] * 16 + cells[:, 1], minlength=256)
    expected = 200_000 / 256
    assert abs(((counts - expected) ** 2 / expected).sum() - 255) < 4 * 22.6


def test_too_many_numbers_per_sample_are_refused():
    with pytest.raises(ValueError, match="count must be from 0 to 65536, got 65537"):
        draws(1, count=65_537)


@pytest.mark.gpu
def test_the_gpu_draws_the_same_numbers():
    indices = torch.arange(10_000)
    assert torch.equal(
        uniform(1, 2, indices.cuda(), 3, 4).cpu(), uniform(1, 2, indices, 3, 4)
    )


def ks_distance(values: torch.Tensor, cdf: torch.Tensor) -> float:
    """Return Kolmogorov's distance times the root of the number of values."""
    steps = torch.arange(1, len(values) + 1).double() / len(values)
    return float((cdf.sort().values - steps).abs().max() * len(values) ** 0.5)


def test_normal_numbers_are_normal_and_independent():
    numbers = normal(0, 0, torch.arange(20_000), 1, 5).double()
    for column in numbers.unbind(dim=1):
        assert ks_distance(column, torch.special.ndtr(column)) < 2.2
    correlations = torch.corrcoef(numbers.T) - torch.eye(5)
    assert correlations.abs().max() < 4 / 20_000**0.5


def test_normal_numbers_depend_on_the_sample_alone():
    whole = normal(1, 2, torch.arange(50), 3, 7)
    part = normal(1, 2, torch.tensor([49, 7]), 3, 7)
    assert torch.equal(part, whole[[49, 7]])
    assert not torch.equal(normal(1, 3, torch.arange(50), 3, 7), whole)


def test_a_prefix_of_an_even_count_of_normal_numbers_is_short_by_one():
    assert normal(0, 0, torch.arange(3), 1, 4).shape == (3, 4)
    assert normal(0, 0, torch.arange(3), 1, 5).shape == (3, 5)
    with pytest.raises(ValueError, match="count must be from 0 to 131072, got 131073"):
        normal(0, 0, torch.arange(3), 1, 131_073)


# Distribution functions of Beta(a, a) that have a closed form.
BETAS = {
    0.5: lambda x: 2 / torch.pi * x.sqrt().asin(),
    1.0: lambda x: x,
    2.0: lambda x: x**2 * (3 - 2 * x),
    3.0: lambda x: x**3 * (10 - 15 * x + 6 * x**2),
}


@pytest.mark.parametrize("alpha", BETAS)
def test_beta_numbers_have_the_distribution_function(alpha: float):
    values = symmetric_beta(alpha, uniform(0, 0, torch.arange(20_000), 1, 2))
    assert ks_distance(values, BETAS[alpha](values)) < 2.2


@pytest.mark.parametrize("alpha", [0.1, 0.2, 0.4, 1.0, 8.0])
def test_beta_numbers_have_the_moments(alpha: float):
    values = symmetric_beta(alpha, uniform(0, 0, torch.arange(50_000), 1, 2))
    variance = 1 / (4 * (2 * alpha + 1))
    fourth = 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3))
    centered = values - 0.5
    assert abs(centered.mean()) < 4 * (variance / 50_000) ** 0.5
    assert abs(centered.square().mean() - variance) < 4 * (fourth / 50_000) ** 0.5
    torch.testing.assert_close(float(centered.pow(4).mean()), fourth, rtol=0.05, atol=0)
    assert values.min() >= 0
    assert values.max() <= 1


def test_the_ends_of_the_draws_give_numbers_too():
    draws = torch.tensor([[0.0, 0.0], [0.0, 0.5], [0.5, 0.25], [1 - 2.0**-24, 0.3]])
    values = symmetric_beta(0.1, draws)
    assert values.isfinite().all()
    assert values[:2].tolist() == [1.0, 0.0]


def test_a_beta_distribution_without_alpha_is_refused():
    with pytest.raises(ValueError, match="alpha must be above 0, got 0"):
        symmetric_beta(0.0, torch.zeros(1, 2))
