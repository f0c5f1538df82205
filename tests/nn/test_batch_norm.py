import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from headway.nn import BatchNorm
from headway.nn.statistics import statistics_kept

SHAPES = [(6, 3), (6, 3, 5), (6, 3, 4, 5)]
IDS = ["features", "sequence", "image"]
TORCH = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d}


def _random(shape, *, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 2 + 3 * torch.randn(shape, generator=generator, dtype=torch.float64)


def _pair(shape, **options):
    ours = BatchNorm(3, **options).double()
    theirs = TORCH[len(shape)](3, **options).double()
    with torch.no_grad():
        ours.weight.copy_(torch.tensor([0.5, -2.0, 3.0]))
        ours.bias.copy_(torch.tensor([1.0, 0.0, -1.0]))
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def _over_the_batch(x):
    return x.movedim(1, 0).flatten(1)


@pytest.mark.parametrize("shape", SHAPES, ids=IDS)
def test_outputs_are_those_of_torch(shape):
    ours, theirs = _pair(shape)
    torch.testing.assert_close(ours(_random(shape)), theirs(_random(shape)))


@pytest.mark.parametrize("shape", SHAPES, ids=IDS)
@pytest.mark.parametrize("momentum", [0.1, None], ids=["moving", "cumulative"])
def test_running_statistics_are_those_of_torch(shape, momentum):
    ours, theirs = _pair(shape, momentum=momentum)
    for seed in range(3):
        ours(_random(shape, seed=seed)), theirs(_random(shape, seed=seed))
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict())


@pytest.mark.parametrize("shape", SHAPES, ids=IDS)
def test_evaluation_is_that_of_torch(shape):
    ours, theirs = _pair(shape)
    ours(_random(shape)), theirs(_random(shape))
    x = _random(shape, seed=1)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))


@pytest.mark.parametrize("shape", SHAPES, ids=IDS)
@pytest.mark.parametrize("mode", [True, False], ids=["train", "eval"])
def test_gradients_are_those_of_torch(shape, mode):
    gradients = []
    for norm in _pair(shape):
        x = _random(shape).requires_grad_()
        loss = (norm.train(mode)(x) * _random(shape, seed=1)).sum()
        gradients.append(torch.autograd.grad(loss, (x, norm.weight, norm.bias)))
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("unbiased", [False, True], ids=["biased", "unbiased"])
@pytest.mark.parametrize("shape", SHAPES, ids=IDS)
def test_the_gradient_is_that_of_finite_differences(shape, unbiased):
    norm = BatchNorm(3, unbiased=unbiased, eps=0.0).double()
    assert gradcheck(norm, (_random(shape).requires_grad_(),))


@pytest.mark.parametrize("shape", SHAPES, ids=IDS)
def test_the_biased_form_divides_by_the_count(shape):
    x = _random(shape)
    values = _over_the_batch(x)
    variance = (values - values.mean(1, keepdim=True)).square().sum(1) / values.shape[1]
    expected = (values - values.mean(1, keepdim=True)) / (variance[:, None] + 1e-3).sqrt()
    y = BatchNorm(3, eps=1e-3).double()(x)
    torch.testing.assert_close(_over_the_batch(y), expected)


@pytest.mark.parametrize("shape", SHAPES, ids=IDS)
def test_the_unbiased_form_divides_by_one_less_and_has_no_eps(shape):
    x = _random(shape)
    values = _over_the_batch(x)
    scatter = (values - values.mean(1, keepdim=True)).square().sum(1)
    deviation = (scatter / (values.shape[1] - 1)).sqrt()
    expected = (values - values.mean(1, keepdim=True)) / deviation[:, None]
    y = BatchNorm(3, eps=0.0, unbiased=True).double()(x)
    torch.testing.assert_close(_over_the_batch(y), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("running_unbiased", [False, True])
def test_the_running_variance_has_its_own_divisor(unbiased, running_unbiased):
    x = _random((5, 3))
    norm = BatchNorm(
        3, momentum=1.0, unbiased=unbiased, running_unbiased=running_unbiased
    ).double()
    norm(x)
    torch.testing.assert_close(norm.running_var, x.var(0, correction=int(running_unbiased)))


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("shape", [(1, 3), (1, 3, 1, 1)])
def test_one_value_per_channel_is_refused(shape, unbiased):
    with pytest.raises(ValueError, match="at least 2 values per channel"):
        BatchNorm(3, unbiased=unbiased)(torch.ones(shape))


@pytest.mark.parametrize("momentum", [0.1, None], ids=["moving", "cumulative"])
def test_a_repeated_forward_pass_can_leave_the_statistics_alone(momentum):
    norm = BatchNorm(3, momentum=momentum).double()
    norm(_random((6, 3)))
    before = {name: value.clone() for name, value in norm.state_dict().items()}
    with statistics_kept([norm]):
        norm(_random((6, 3), seed=1))
    torch.testing.assert_close(dict(norm.state_dict()), before)


def test_one_image_has_statistics():
    assert BatchNorm(3)(torch.randn(1, 3, 2, 2)).isfinite().all()


def test_one_sample_is_fine_in_evaluation_mode():
    assert BatchNorm(3).eval()(torch.ones(1, 3)).isfinite().all()


@pytest.mark.parametrize("shape", [(4, 2), (4, 5, 3)])
def test_other_channels_are_refused(shape):
    with pytest.raises(ValueError, match=r"must have shape \(batch, 3, \*positions\)"):
        BatchNorm(3)(torch.ones(shape))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_features": 0}, "num_features must be at least 1, got 0"),
        ({"num_features": 3, "eps": -1.0}, "eps must not be negative, got -1.0"),
    ],
)
def test_a_bad_argument_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        BatchNorm(**arguments)


@pytest.mark.parametrize("shape", SHAPES, ids=IDS)
def test_a_training_batch_gets_the_mean_beta_and_the_deviation_gamma(shape):
    norm, _ = _pair(shape, eps=0.0)
    values = _over_the_batch(norm(_random(shape)))
    torch.testing.assert_close(values.mean(1), norm.bias)
    torch.testing.assert_close(values.std(1, correction=0), norm.weight.abs())


def test_in_evaluation_mode_a_batch_keeps_its_own_mean():
    norm = BatchNorm(3).double().eval()
    x = _random((6, 3))
    torch.testing.assert_close(norm(x).mean(0), x.mean(0), rtol=1e-4, atol=0)


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=IDS)
def test_the_affine_map_can_undo_the_normalization(shape, unbiased):
    x = _random(shape)
    values = _over_the_batch(x)
    norm = BatchNorm(3, eps=0.0, unbiased=unbiased).double()
    with torch.no_grad():
        norm.weight.copy_(values.std(1, correction=int(unbiased)))
        norm.bias.copy_(values.mean(1))
    torch.testing.assert_close(norm(x), x, atol=1e-12, rtol=0)


def test_the_scale_of_the_weights_before_it_does_not_matter():
    norm, x, a = BatchNorm(4, eps=0.0).double(), _random((6, 3)), 7.0
    weight = _random((4, 3), seed=1)
    torch.testing.assert_close(norm(x @ (a * weight).T), norm(x @ weight.T))


def test_the_gradient_of_weights_scaled_by_a_is_divided_by_a():
    norm, x, a = BatchNorm(4, eps=0.0).double(), _random((6, 3)), 7.0
    gradients = []
    for scale in (1.0, a):
        weight = (scale * _random((4, 3), seed=1)).requires_grad_()
        (norm(x @ weight.T) * _random((6, 4), seed=2)).sum().backward()
        gradients.append(weight.grad)
    torch.testing.assert_close(gradients[1], gradients[0] / a)


def test_an_output_depends_on_the_batch_in_training_only():
    norm, x, others = BatchNorm(3), torch.randn(1, 3), torch.randn(2, 5, 3)
    first, second = (norm(torch.cat([x, rest]))[0] for rest in others)
    assert not torch.allclose(first, second)
    norm.eval()
    first, second = (norm(torch.cat([x, rest]))[0] for rest in others)
    assert torch.equal(first, second)


def test_without_an_affine_map_there_are_no_parameters():
    norm = BatchNorm(3, affine=False)
    assert not list(norm.parameters())
    assert norm(torch.randn(4, 3)).shape == (4, 3)


def test_statistics_of_half_precision_are_taken_in_float32():
    x = (1000 + torch.randn(4096, 3)).bfloat16()
    norm = BatchNorm(3, momentum=1.0)
    y = norm(x)
    assert y.dtype == torch.bfloat16
    torch.testing.assert_close(norm.running_var, x.float().var(0))
    torch.testing.assert_close(norm.running_mean, x.float().mean(0))


def test_images_keep_the_channels_last_layout():
    x = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    assert BatchNorm(3)(x).is_contiguous(memory_format=torch.channels_last)


def test_its_weights_load_into_torch_and_back():
    nn.BatchNorm2d(3).load_state_dict(BatchNorm(3).state_dict())
    BatchNorm(3).load_state_dict(nn.BatchNorm2d(3).state_dict())


def test_print_shows_the_form():
    assert "eps=0.0, momentum=0.1, affine=True, unbiased=True" in repr(
        BatchNorm(3, eps=0.0, unbiased=True)
    )
