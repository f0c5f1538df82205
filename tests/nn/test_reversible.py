import copy

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from headway.measure import saved_bytes
from headway.nn import ReversibleBlock, ReversibleSequence, initialize_


def branch(channels=3, drop_prob=0.0):
    return nn.Sequential(
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.Conv2d(channels, channels, 3, padding=1),
        nn.Dropout(drop_prob),
    )


def sequence(num_blocks, *, channels=6, drop_prob=0.0):
    torch.manual_seed(0)
    half = channels // 2
    blocks = [
        ReversibleBlock(branch(half, drop_prob), branch(half, drop_prob))
        for _ in range(num_blocks)
    ]
    return ReversibleSequence(*blocks)


def run(blocks, x):
    """Train the blocks in the ordinary way, with their activations stored."""
    for block in blocks:
        x = block(x)
    return x


def step(forward, module, x):
    """Return the gradients of a loss, of the input first."""
    torch.manual_seed(7)
    x = x.clone().requires_grad_()
    (forward(x).square().mean() + forward(x).sum()).backward()
    return [x.grad, *(parameter.grad for parameter in module.parameters())]


@pytest.mark.parametrize("drop_prob", [0.0, 0.4], ids=["plain", "dropout"])
def test_gradients_equal_the_stored_ones_in_float64(drop_prob):
    reversible = sequence(8, drop_prob=drop_prob).double()
    stored = copy.deepcopy(reversible)
    x = torch.randn(4, 6, 5, 5, dtype=torch.float64)
    pairs = zip(
        step(reversible, reversible, x),
        step(lambda x: run(stored, x), stored, x),
        strict=True,
    )
    assert all((a - b).abs().max() < 1e-10 * b.abs().max().clamp(min=1) for a, b in pairs)


def test_random_numbers_after_the_backward_pass_are_those_of_the_stored_version():
    blocks, draws = sequence(3, drop_prob=0.5), []
    for forward in (blocks, lambda x: run(blocks, x)):
        step(forward, blocks, torch.ones(2, 6, 3, 3))
        draws.append(torch.rand(3))
    assert torch.equal(*draws)


def test_batch_norm_statistics_move_once_in_a_step():
    reversible, x = sequence(3).double(), torch.randn(4, 6, 5, 5, dtype=torch.float64)
    stored = copy.deepcopy(reversible)
    reversible(x).sum().backward()
    run(stored, x)
    assert reversible.blocks[2].g[0].num_batches_tracked == 1
    for a, b in zip(reversible.buffers(), stored.buffers(), strict=True):
        torch.testing.assert_close(a, b)


def test_the_gradient_is_that_of_finite_differences():
    blocks = sequence(2, channels=4).double()
    for norm in (part for part in blocks.modules() if isinstance(part, nn.BatchNorm2d)):
        norm.eval()
    assert gradcheck(
        blocks, (torch.randn(2, 4, 3, 3, dtype=torch.float64, requires_grad=True),)
    )


def test_the_inverse_gives_the_input_back():
    blocks = sequence(20).double()
    x = torch.randn(4, 6, 5, 5, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(blocks.inverse(blocks(x)), x, atol=1e-10, rtol=0)


def test_the_inverse_leaves_the_statistics_alone():
    block = sequence(1).blocks[0]
    before = copy.deepcopy(block.state_dict())
    block.inverse(torch.randn(4, 6, 5, 5))
    assert all(
        torch.equal(before[name], value) for name, value in block.state_dict().items()
    )


def test_what_is_saved_does_not_grow_with_depth():
    x = torch.randn(4, 6, 8, 8, requires_grad=True)
    sizes = [saved_bytes(lambda n=n: sequence(n)(x)) for n in (2, 20)]
    assert sizes[0] == sizes[1] == x.nbytes


def test_dropout_costs_a_random_state_per_branch_and_no_mask():
    x = torch.randn(4, 6, 8, 8, requires_grad=True)
    saved = saved_bytes(lambda: sequence(5, drop_prob=0.5)(x))
    assert saved == x.nbytes + 10 * torch.get_rng_state().nbytes


def test_a_parameter_shared_by_branches_gets_the_sum_of_its_gradients():
    torch.manual_seed(0)
    tied = nn.Linear(2, 2).double()
    reversible = ReversibleSequence(*[ReversibleBlock(tied, nn.Tanh()) for _ in range(3)])
    x = torch.randn(5, 4, dtype=torch.float64)
    first = step(reversible, tied, x)
    tied.zero_grad()
    second = step(lambda x: run(reversible, x), tied, x)
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(a, b)


def test_weights_given_by_functional_call_get_the_gradients():
    reversible = sequence(3).double()
    x = torch.randn(4, 6, 5, 5, dtype=torch.float64)
    given = {
        name: weight.detach().mul(1.5).requires_grad_()
        for name, weight in reversible.named_parameters()
    }
    # Its own weights would give other gradients, and must not be touched.
    torch.func.functional_call(reversible, given, (x,)).square().sum().backward()
    stored = copy.deepcopy(reversible)
    stored.load_state_dict(given, strict=False)
    run(stored, x).square().sum().backward()
    for name, weight in stored.named_parameters():
        torch.testing.assert_close(given[name].grad, weight.grad)
    assert all(weight.grad is None for weight in reversible.parameters())


def test_frozen_branches_pass_gradients_on_and_get_none():
    reversible = sequence(3).double()
    reversible.blocks[1].requires_grad_(False)
    x = torch.randn(4, 6, 5, 5, dtype=torch.float64, requires_grad=True)
    reversible(x).square().sum().backward()
    assert all(parameter.grad is None for parameter in reversible.blocks[1].parameters())
    assert all(
        parameter.grad is not None for parameter in reversible.blocks[0].parameters()
    )


def test_under_autocast_the_ways_stay_in_float32_and_gradients_are_close():
    reversible = sequence(6)
    stored = copy.deepcopy(reversible)
    x = torch.randn(16, 6, 8, 8)

    def gradients(module, forward):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = forward(x)
        assert output.dtype == torch.float32
        output.square().mean().backward()  # outside of the context, as in a training loop
        return torch.cat([parameter.grad.flatten() for parameter in module.parameters()])

    ours = gradients(reversible, reversible)
    theirs = gradients(stored, lambda x: run(stored, x))
    assert (ours - theirs).norm() < 0.02 * theirs.norm()


def test_bfloat16_inputs_are_lengthened_under_autocast():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert sequence(2)(torch.randn(2, 6, 4, 4).bfloat16()).dtype == torch.float32


def test_the_input_of_six_hundred_blocks_comes_back_in_float32():
    """The error grows slowly while the sum is large, and quickly near the small input."""
    torch.manual_seed(0)
    layers = [
        [nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1)] for _ in range(1200)
    ]
    branches = [nn.Sequential(*each) for each in layers]
    blocks = [
        ReversibleBlock(f, g) for f, g in zip(branches[::2], branches[1::2], strict=True)
    ]
    made = initialize_(ReversibleSequence(*blocks), gain=2**0.5)
    values = [torch.randn(8, 16, 8, 8)]
    with torch.no_grad():
        for block in made:
            values.append(block(values[-1]))
        back, errors = values[-1], {}
        for number, block in enumerate(reversed(list(made)), start=1):
            back = block.inverse(back)
            at = values[-1 - number]
            errors[number] = ((back - at).norm() / at.norm()).item()
    assert errors[1] < 1e-6
    assert errors[300] < 1e-5
    assert errors[600] < 0.05


def test_channels_last_inputs_give_the_same_result():
    made = sequence(2).eval()
    x = torch.randn(2, 6, 4, 4)
    torch.testing.assert_close(made(x.to(memory_format=torch.channels_last)), made(x))


def test_an_empty_sequence_is_the_identity():
    x = torch.randn(2, 4)
    assert torch.equal(ReversibleSequence()(x), x)


def test_a_module_of_another_kind_is_refused():
    with pytest.raises(TypeError, match="ReversibleBlock modules, got Linear"):
        ReversibleSequence.__init__.__wrapped__(ReversibleSequence(), nn.Linear(2, 2))


def test_an_odd_number_of_channels_is_refused():
    with pytest.raises(ValueError, match="two halves, got 3 channels"):
        sequence(1)(torch.randn(2, 3, 4, 4))
