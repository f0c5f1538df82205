import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrize import remove_parametrizations

from headway.nn import PruningMask, prune_, rewind_, sparsity


def _network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 10)
    )


def _state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def _zeros(layer):
    return layer.weight == 0


def _train(model, optimizer, steps=5):
    for step in range(steps):
        x = torch.randn(16, 1, 8, 8, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        F.cross_entropy(model(x), torch.arange(16) % 10).backward()
        optimizer.step()


def test_the_smallest_weights_of_each_layer_go():
    layer = nn.Linear(4, 2, bias=False)
    layer.weight.data = torch.tensor([[0.1, -4.0, 3.0, -0.2], [5.0, 0.3, -6.0, 7.0]])
    prune_(layer, 0.25, last_layer_fraction=0.25)
    assert _zeros(layer).tolist() == [[True, False, False, True], [False] * 4]


def test_rounds_multiply_and_the_last_layer_is_pruned_at_half_the_rate():
    model = nn.Sequential(nn.Linear(100, 100), nn.Linear(100, 100))
    for _ in range(3):
        prune_(model, 0.2)
    shares = [_zeros(layer).float().mean().item() for layer in model]
    assert shares == pytest.approx([1 - 0.8**3, 1 - 0.9**3], abs=1e-3)
    assert sparsity(model) == pytest.approx(sum(shares) / 2)


def test_the_weights_that_stay_are_not_changed():
    model = _network()
    before = model[0].weight.detach().clone()
    after = prune_(model, 0.5)[0].weight.detach()
    assert torch.equal(after[after != 0], before[after != 0])


@pytest.mark.parametrize(
    "make",
    [
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1),
        lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.5),
        lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.1),
    ],
    ids=["sgd", "adamw", "adam"],
)
def test_pruned_weights_stay_zero_under_momentum_and_decay(make):
    model = _network()
    optimizer = make(model.parameters())
    _train(model, optimizer)  # gives every weight a momentum
    prune_(model, 0.5)
    before = [_zeros(model[i]) for i in (0, 4)]
    weight = model[0].weight.detach().clone()
    _train(model, optimizer)
    after = [_zeros(model[i]) for i in (0, 4)]
    assert all(torch.equal(*pair) for pair in zip(before, after, strict=True))
    assert not torch.equal(model[0].weight, weight)


def test_pruned_weights_get_no_gradient():
    model = prune_(_network(), 0.5)
    model(torch.randn(4, 1, 8, 8)).square().sum().backward()
    grad = model[0].parametrizations.weight.original.grad
    assert not grad[_zeros(model[0])].any()
    assert grad[~_zeros(model[0])].all()


def test_the_gradient_of_a_mask_is_that_of_finite_differences():
    mask = PruningMask(torch.tensor([[True, False], [False, True]]))
    weight = torch.randn(2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(mask, (weight,))


def test_rewinding_gives_the_first_weights_under_the_masks():
    model = _network()
    start = _state(model)
    _train(model, torch.optim.SGD(model.parameters(), lr=0.1))
    prune_(model, 0.5)
    zeros = _zeros(model[0])
    rewind_(model, start)
    assert torch.equal(model[0].weight, start["0.weight"].masked_fill(zeros, 0))
    assert torch.equal(model[1].running_mean, start["1.running_mean"])
    assert torch.equal(model[4].bias, start["4.bias"])


def test_rewinding_takes_a_state_from_after_a_round_too():
    model = prune_(_network(), 0.3)
    early = _state(model)
    _train(model, torch.optim.SGD(model.parameters(), lr=0.1))
    prune_(model, 0.3)
    expected = early["0.parametrizations.weight.original"].masked_fill(_zeros(model[0]), 0)
    assert torch.equal(rewind_(model, early)[0].weight, expected)


def test_rewinding_to_the_state_of_another_model_is_refused():
    with pytest.raises(
        ValueError, match=r"must hold '0.bias' with shape \(8,\), got nothing"
    ):
        rewind_(prune_(_network(), 0.5), {})


def test_the_masks_travel_with_the_state():
    model, other = prune_(_network(), 0.5), prune_(_network(), 0.1)
    other.load_state_dict(model.state_dict())
    assert torch.equal(_zeros(other[4]), _zeros(model[4]))


def test_a_pruned_network_can_be_copied():
    model = prune_(_network(), 0.5)
    x = torch.randn(2, 1, 8, 8)
    torch.testing.assert_close(copy.deepcopy(model)(x), model(x))


def test_the_zeros_stay_when_the_masks_are_taken_off():
    model = prune_(_network(), 0.5)
    zeros = _zeros(model[0])
    remove_parametrizations(model[0], "weight")
    assert torch.equal(_zeros(model[0]), zeros)
    assert "weight" in dict(model[0].named_parameters())


def test_a_weight_that_is_not_finite_behind_the_mask_does_no_harm():
    model = prune_(nn.Linear(2, 2), 0.5, last_layer_fraction=0.5)
    original = model.parametrizations.weight.original.data
    original[_zeros(model)] = torch.nan
    assert model.weight.isfinite().all()


@pytest.mark.parametrize("fraction", [-0.1, 1.5])
def test_a_fraction_outside_of_the_unit_interval_is_refused(fraction):
    with pytest.raises(ValueError, match=f"between 0 and 1, got {fraction}"):
        prune_(nn.Linear(2, 2), fraction, last_layer_fraction=fraction)


def test_a_network_without_layers_to_prune_is_refused():
    with pytest.raises(ValueError, match="ReLU has none"):
        prune_(nn.ReLU(), 0.5)


@pytest.mark.slow
def test_a_pruned_network_compiles_to_one_graph():
    model, x = prune_(nn.Sequential(nn.Linear(6, 4), nn.ReLU()), 0.5), torch.randn(3, 6)
    from inspect import unwrap

    mask = model[0].parametrizations.weight[0]
    mask.forward = unwrap(type(mask).forward).__get__(mask)
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), model(x))
