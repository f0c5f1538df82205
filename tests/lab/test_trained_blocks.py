"""Experiments that train small networks or pixels, and blocks that are broken on purpose."""

import pytest
import torch

from headway.lab import Verdict
from headway.lab.experiments import fractional_pooling, maxout, neural_style
from headway.nn import FractionalMaxPool


def test_special_maxout_units_are_relus():
    numbers = maxout._equality(None, 0)
    assert max(numbers.values()) < 1e-12
    assert maxout._any_pieces(None, 0)["ReLU"] > 0.1


def test_maxout_that_takes_the_smallest_piece_is_found(monkeypatch):
    def smallest(layer, x):
        pieces = torch.nn.functional.linear(x, layer.weight, layer.bias)
        return pieces.unflatten(1, (-1, layer.num_pieces)).amin(dim=2)

    monkeypatch.setattr(maxout.Maxout, "forward", smallest)
    claim = maxout.EXPERIMENT.requirements[0]
    found = claim.value({"equality": maxout._equality(None, 0)})
    assert not claim.is_met_by(found)


@pytest.mark.slow
def test_maxout_networks_learn_what_no_linear_network_does(judged):
    assert judged("maxout")[0] is Verdict.REPRODUCED


def test_pools_of_another_factor_have_other_sizes(monkeypatch):
    claim = fractional_pooling.EXPERIMENT.requirements[0]

    def is_met() -> bool:
        return claim.is_met_by(
            claim.value({"sizes": fractional_pooling._shrinking(None, 0)})
        )

    assert is_met()
    monkeypatch.setattr(
        fractional_pooling,
        "FractionalMaxPool",
        lambda **options: FractionalMaxPool(alpha=1.5, **options),
    )
    assert not is_met()


@pytest.mark.slow
def test_style_of_a_picture_can_be_trained(judged):
    _, (style, _, *controls) = judged("neural-style", seeds=[0])
    assert style.is_met
    assert all(control.is_met for control in controls)


@pytest.mark.slow
def test_pixels_without_a_gradient_of_the_style_are_found(judged, monkeypatch):
    right = neural_style._style_loss

    def detached(features, wanted):
        return right([each.detach() for each in features], wanted)

    monkeypatch.setattr(neural_style, "_style_loss", detached)
    verdict, (style, *_) = judged("neural-style", seeds=[0])
    assert verdict is Verdict.NOT_REPRODUCED
    assert not style.is_met
