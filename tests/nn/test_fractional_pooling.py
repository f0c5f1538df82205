import math

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from headway.nn import FractionalMaxPool, monte_carlo

FORMS = [
    {"overlapping": overlapping, "order": order}
    for overlapping in (True, False)
    for order in ("random", "pseudorandom")
]


def _ids(form):
    return f"{'overlapping' if form['overlapping'] else 'disjoint'}-{form['order']}"


def _edges(pool, side=36, count=500):
    torch.manual_seed(0)
    return pool._edges(count, side, torch.device("cpu"))


@pytest.mark.parametrize("form", FORMS, ids=_ids)
@pytest.mark.parametrize("alpha", [1.2, 2 ** (1 / 3), math.sqrt(2), 1.9])
def test_steps_are_one_or_two_from_the_first_pixel_to_the_last(form, alpha):
    edges = _edges(FractionalMaxPool(alpha=alpha, **form))
    assert edges.shape == (500, int(36 / alpha) + 1)
    assert set(edges.diff().unique().tolist()) <= {1, 2}
    assert set(edges[:, 0].tolist()) == {0}
    assert set(edges[:, -1].tolist()) == {35 if form["overlapping"] else 36}


def test_pseudorandom_steps_are_spread_evenly():
    pool = FractionalMaxPool(order="pseudorandom", overlapping=False)
    edges = _edges(pool)
    even = torch.arange(26) * 36 / 25
    assert (edges - even).abs().max() < 1.0


def test_random_steps_are_not():
    edges = _edges(FractionalMaxPool(order="random", overlapping=False))
    assert (edges - torch.arange(26) * 36 / 25).abs().max() > 3.0


def test_pseudorandom_edges_follow_the_formula():
    edges = _edges(FractionalMaxPool(alpha=1.4, overlapping=False), side=7)
    possible = set()
    for start in torch.linspace(0.001, 0.999, 999, dtype=torch.float64):
        points = torch.ceil(7 / 5 * (torch.arange(6) + start) - 1e-9)
        possible.add(tuple((points - points[0]).int().tolist()))
    assert {tuple(row) for row in edges.tolist()} == possible


@pytest.mark.parametrize("form", FORMS, ids=_ids)
def test_outputs_are_the_maxima_of_the_regions(form):
    pool = FractionalMaxPool(**form)
    x = torch.randn(3, 2, 9, 7)
    torch.manual_seed(0)
    y = pool(x)
    torch.manual_seed(0)
    rows, columns = (pool._edges(3, side, x.device) for side in (9, 7))
    extra = 1 if form["overlapping"] else 0
    for b, c, i, j in torch.cartesian_prod(*(torch.arange(n) for n in y.shape)).tolist():
        region = x[
            b,
            c,
            rows[b, i] : rows[b, i + 1] + extra,
            columns[b, j] : columns[b, j + 1] + extra,
        ]
        assert y[b, c, i, j] == region.max()


@pytest.mark.parametrize("form", FORMS, ids=_ids)
def test_every_pixel_counts(form):
    x = torch.randn(2, 1, 12, 12).requires_grad_()
    assert FractionalMaxPool(**form)(x).amax() == x.amax()


def test_images_have_their_own_regions_and_channels_share_them():
    torch.manual_seed(0)
    x = torch.randn(1, 1, 36, 36).expand(4, 3, 36, 36)
    y = FractionalMaxPool(order="random")(x)
    assert torch.equal(y[:, 0], y[:, 2])
    assert len(y.unique(dim=0)) == 4


def test_regions_of_torch_have_one_size_and_differ_between_channels():
    """Why this block exists beside torch's."""
    torch.manual_seed(0)
    x = torch.randn(1, 1, 36, 36).expand(1, 3, 36, 36)
    y = nn.FractionalMaxPool2d(2, output_ratio=2**-0.5)(x)
    assert not torch.equal(y[:, 0], y[:, 2])


def test_repeated_pooling_gives_the_sides_of_the_formula():
    x, sides = torch.randn(1, 1, 94, 94), []
    for _ in range(5):
        x = FractionalMaxPool()(x)
        sides.append(x.shape[-1])
    assert sides == [66, 46, 32, 22, 15]


def test_averaging_several_evaluations_gets_rid_of_the_noise():
    torch.manual_seed(0)
    model = (
        nn.Sequential(FractionalMaxPool(), nn.Flatten(), nn.Linear(25, 1)).double().eval()
    )
    x = torch.randn(1, 1, 8, 8).double()
    single = torch.stack([model(x) for _ in range(100)]).std()
    means = torch.stack([monte_carlo(model, x, 16, seed=seed).mean for seed in range(30)])
    assert means.std() == pytest.approx(single.item() / 4, rel=0.4)


@pytest.mark.parametrize("form", FORMS, ids=_ids)
def test_the_gradient_is_that_of_finite_differences(form):
    pool = FractionalMaxPool(**form)

    def with_one_draw(x):
        torch.manual_seed(0)
        return pool(x)

    x = torch.randperm(2 * 1 * 5 * 6).double().view(2, 1, 5, 6).requires_grad_()
    assert gradcheck(with_one_draw, (x,))


def test_images_keep_the_channels_last_layout():
    x = torch.randn(2, 3, 12, 9).to(memory_format=torch.channels_last)
    assert FractionalMaxPool()(x).is_contiguous(memory_format=torch.channels_last)


def test_other_images_come_out_contiguous():
    assert FractionalMaxPool()(torch.randn(2, 3, 12, 9)).is_contiguous()


@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_an_alpha_out_of_range_is_refused(alpha):
    with pytest.raises(ValueError, match="alpha must be above 1 and below 2"):
        FractionalMaxPool(alpha=alpha)


def test_an_image_too_small_is_refused():
    with pytest.raises(ValueError, match="a side of 1 pixels cannot be cut into 0 regions"):
        FractionalMaxPool()(torch.ones(1, 1, 1, 8))
