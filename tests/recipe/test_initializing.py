"""The weights of any model start by the scheme that the recipe names."""

from typing import get_args

import pytest
import torch
from torch import nn

from headway.engine import Trainer
from headway.errors import RecipeError
from headway.nn import Scheme
from headway.recipe import build, load_recipe

QUICK = ["training.max_steps=2", "machine.threads=1", "machine.device=cpu"]
MLP = [*QUICK, "model.name=mlp", "model.options.hidden=[64,64]"]


def _build(scheme, *overrides):
    return build(load_recipe(overrides=[*overrides, f"model.initialization={scheme}"]))


def _layers(setup):
    return [part for part in setup.model.modules() if isinstance(part, nn.Linear)]


def test_the_scheme_of_the_recipe_draws_the_weights():
    first, second, last = (
        layer.weight for layer in _layers(_build("xavier-uniform", *MLP))
    )
    assert first.abs().max().item() == pytest.approx((6 / 128) ** 0.5, rel=1e-2)
    assert second.abs().max().item() == pytest.approx((6 / 128) ** 0.5, rel=1e-2)
    assert last.abs().max().item() == pytest.approx((6 / 74) ** 0.5, rel=1e-2)


@pytest.mark.parametrize("scheme", [*get_args(Scheme), "lsuv", "krahenbuhl"])
def test_every_scheme_trains_and_repeats(scheme):
    setups = [_build(scheme, *MLP) for _ in range(2)]
    pairs = zip(*(setup.model.parameters() for setup in setups), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert Trainer(setups[0]).run().step == 2
    assert setups[0].notes == (
        f"the weights of linear and convolutional layers start by {scheme}",
    )


def test_lsuv_looks_at_the_batch_that_the_model_gets():
    setup = _build("lsuv", *MLP)
    outputs = setup.model(next(iter(setup.train_data.batches(0))).inputs)
    assert outputs.var().item() == pytest.approx(1.0, abs=0.1)


def test_auto_keeps_the_start_of_the_model():
    setups = [
        build(load_recipe(overrides=o)) for o in (MLP, [*MLP, "model.initialization=auto"])
    ]
    pairs = zip(*(setup.model.parameters() for setup in setups), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(
    ("scheme", "overrides", "message"),
    [
        ("random-walk", ["model.options.activation=tanh"], "known for gains 1"),
        ("he", ["model.init_from=runs/a"], "both say how the weights start"),
    ],
)
def test_a_scheme_that_does_not_fit_is_refused(scheme, overrides, message):
    with pytest.raises(RecipeError, match=message):
        _build(scheme, *MLP, *overrides)
