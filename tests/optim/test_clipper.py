import math
from typing import Any

import pytest
import torch
from torch import Tensor

from headway.errors import RecipeError
from headway.optim import Clipper


def parameter() -> Tensor:
    return torch.zeros(2, requires_grad=True)


def clipped(clip_: Clipper, w: Tensor, *lengths: float) -> list[float]:
    """Give `w` a gradient of each length in turn; return the lengths after clipping."""
    after: list[float] = []
    for length in lengths:
        w.grad = torch.tensor([0.6, 0.8]) * length
        clip_()
        after.append(round(float(w.grad.norm()), 5))
    return after


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"max_norm": 1.0}, [0.5, 1.0]),
        ({"mode": "per-tensor", "max_norm": 1.0}, [0.5, 1.0]),
        ({"mode": "normalize", "max_norm": 1.0}, [1.0, 1.0]),
        ({"max_value": 0.6}, [0.5, round(math.hypot(0.6, 0.6), 5)]),
        ({"mode": "normalize", "max_norm": 1.0, "max_value": 0.7}, [0.92195] * 2),
    ],
    ids=["norm", "per-tensor", "normalize", "value", "both"],
)
def test_a_mode_bounds_what_it_says(settings: Any, expected: list[float]) -> None:
    w = parameter()
    assert clipped(Clipper([w], **settings), w, 0.5, 4.0) == pytest.approx(
        expected, rel=1e-4
    )


def test_the_norm_returned_is_that_before() -> None:
    w = parameter()
    w.grad = torch.tensor([3.0, 4.0])
    assert Clipper([w], max_norm=1.0, max_value=0.1)().item() == 5.0


def test_a_percentile_is_that_of_the_norms_so_far() -> None:
    w = parameter()
    clip_ = Clipper([w], mode="percentile", percentile=50.0, window=100)
    # Medians of (1), (1, 3), (1, 3, 2), (1, 3, 2, 10), with the present norm among them.
    assert clipped(clip_, w, 1.0, 3.0, 2.0, 10.0) == pytest.approx([1.0, 2.0, 2.0, 2.5])


def test_a_percentile_equals_that_of_numpy_over_the_window() -> None:
    import numpy as np

    lengths = (torch.rand(40, generator=torch.Generator().manual_seed(0)) + 0.1).tolist()
    w = parameter()
    clip_ = Clipper([w], mode="percentile", percentile=30.0, window=7)
    after = clipped(clip_, w, *lengths)
    for index, length in enumerate(lengths):
        recent = lengths[max(0, index - 6) : index + 1]
        bound = float(np.percentile(recent, 30.0))
        assert after[index] == pytest.approx(min(length, bound), abs=2e-5)


def test_a_norm_that_is_not_finite_is_not_remembered() -> None:
    w = parameter()
    clip_ = Clipper([w], mode="percentile", percentile=50.0)
    assert clipped(clip_, w, 2.0) == [2.0]
    assert math.isnan(clipped(clip_, w, math.inf)[0])
    assert clipped(clip_, w, 4.0) == [3.0]


def test_a_state_goes_on_in_another_clipper() -> None:
    lengths = [5.0, 1.0, 7.0, 3.0, 9.0, 2.0, 8.0]
    w = parameter()
    settings: dict[str, Any] = {"mode": "percentile", "percentile": 40.0, "window": 3}
    whole = clipped(Clipper([w], **settings), w, *lengths)
    first, second = Clipper([w], **settings), Clipper([w], **settings)
    clipped(first, w, *lengths[:4])
    second.load_state_dict(first.state_dict())
    assert clipped(second, w, *lengths[4:]) == whole[4:]


def test_a_percentile_never_reads_a_value_on_the_host() -> None:
    w = torch.zeros(2, device="meta", requires_grad=True)
    w.grad = torch.zeros(2, device="meta")
    clip_ = Clipper([w], mode="percentile")
    assert clip_().is_meta
    assert clip_().is_meta


def test_nothing_is_on_by_default() -> None:
    assert not Clipper([parameter()]).is_on
    assert Clipper([parameter()], mode="percentile").is_on


@pytest.mark.parametrize(
    ("mode", "max_norm", "message"),
    [
        ("percentile", 1.0, r"finds its bound itself, got clip_norm=1\.0"),
        ("normalize", None, 'clip_mode="normalize" needs a norm; set training.clip_norm'),
        ("per-tensor", None, 'clip_mode="per-tensor" needs a norm'),
    ],
)
def test_a_mode_and_a_bound_that_do_not_fit_are_refused(
    mode: Any, max_norm: float | None, message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        Clipper([parameter()], mode=mode, max_norm=max_norm)
