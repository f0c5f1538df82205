import pytest
import torch
import torchvision
from torch import nn

from headway.nn import BasicBlock, Residual, StochasticDepth, set_survival_


def test_evaluation_multiplies_the_branch_by_its_survival():
    x = torch.randn(4, 3)
    torch.testing.assert_close(StochasticDepth(0.2).eval()(x), 0.8 * x)


@pytest.mark.parametrize("mode", ["batch", "row"])
def test_the_mean_over_draws_is_the_output_of_evaluation(mode):
    torch.manual_seed(0)
    depth = StochasticDepth(0.3, mode=mode)
    x = torch.full((8, 1), 2.0)
    draws = torch.stack([depth(x) for _ in range(4000)])
    # The standard error of a mean of 4000 draws of a coin is 0.0072 * 2.
    assert draws[:, 0].mean().item() == pytest.approx(depth.eval()(x)[0].item(), abs=0.06)


def test_training_keeps_a_branch_as_it_is_or_drops_it():
    torch.manual_seed(0)
    depth, x = StochasticDepth(0.5, mode="row"), torch.ones(64, 2)
    assert set(depth(x).unique().tolist()) == {0.0, 1.0}


def test_rows_are_dropped_one_by_one_and_batches_whole():
    torch.manual_seed(0)
    x = torch.ones(64, 2)
    assert len(StochasticDepth(0.5, mode="row")(x)[:, 0].unique()) == 2
    assert all(len(StochasticDepth(0.5, mode="batch")(x).unique()) == 1 for _ in range(20))


@pytest.mark.parametrize("mode", ["batch", "row"])
def test_torchvision_has_the_same_expectation_after_scaling_by_the_survival(mode):
    torch.manual_seed(0)
    x = torch.ones(16, 1)
    theirs = torchvision.ops.StochasticDepth(0.4, mode)
    mean = torch.stack([0.6 * theirs(x) for _ in range(4000)]).mean().item()
    assert mean == pytest.approx(StochasticDepth(0.4).eval()(x)[0].item(), abs=0.04)


def test_a_probability_of_zero_changes_nothing():
    x = torch.randn(2, 3)
    assert StochasticDepth(0.0)(x) is x


def test_a_branch_that_is_left_out_is_not_computed():
    calls = []

    class Counting(nn.Module):
        def forward(self, x):
            calls.append(1)
            return x

    torch.manual_seed(0)
    block = Residual(Counting(), drop_prob=0.5)
    outputs = [block(torch.ones(1)).item() for _ in range(200)]
    assert len(calls) == outputs.count(2.0)
    assert 70 < len(calls) < 130


def test_a_block_that_is_left_out_gives_its_parameters_zero_gradients():
    block = Residual(nn.Linear(2, 2), drop_prob=1.0)
    x = torch.ones(1, 2, requires_grad=True)
    block(x).sum().backward()
    assert not block.branch.weight.grad.any()
    assert torch.equal(x.grad, torch.ones(1, 2))


def test_survival_falls_linearly_to_that_of_the_last_block():
    network = nn.Sequential(*[BasicBlock(2, 2) for _ in range(10)])
    set_survival_(network, 0.5)
    assert [1 - block.depth.drop_prob for block in network] == pytest.approx(
        [1 - number / 10 * 0.5 for number in range(1, 11)]
    )


def test_a_quarter_of_many_blocks_is_left_out_on_average():
    network = set_survival_(nn.Sequential(*[StochasticDepth() for _ in range(1000)]), 0.5)
    assert sum(depth.drop_prob for depth in network) / 1000 == pytest.approx(0.25, abs=1e-3)


def test_a_network_without_such_blocks_is_refused():
    with pytest.raises(ValueError, match="Linear has no block with stochastic depth"):
        set_survival_(nn.Linear(2, 2))


@pytest.mark.parametrize("final", [0.0, 1.5])
def test_a_survival_that_is_no_probability_is_refused(final):
    with pytest.raises(ValueError, match=f"at most 1, got {final}"):
        set_survival_(StochasticDepth(), final)


def test_a_drop_probability_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"between 0 and 1, got -0\.1"):
        StochasticDepth(-0.1)
