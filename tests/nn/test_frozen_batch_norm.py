import pytest
import torch
from torch import nn
from torch.autograd import gradcheck
from torchvision.ops import FrozenBatchNorm2d

from headway.nn import BatchNorm, FrozenBatchNorm, freeze_batch_norm

KINDS = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d}
SHAPES = [(6, 3), (6, 3, 5), (6, 3, 4, 5)]


def _trained(norm):
    generator = torch.Generator().manual_seed(0)
    for name, tensor in norm.state_dict().items():
        if name != "num_batches_tracked":
            tensor.copy_(torch.rand(3, generator=generator) + 0.5)
    return norm.double().eval()


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_the_batch_norm_in_evaluation_mode(shape):
    norm = _trained(KINDS[len(shape)](3))
    x = torch.randn(shape, dtype=torch.float64)
    torch.testing.assert_close(freeze_batch_norm(norm)(x), norm(x))


def test_it_is_that_of_torchvision_for_images():
    theirs = _trained(FrozenBatchNorm2d(3))
    ours = FrozenBatchNorm(3).double()
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    torch.testing.assert_close(ours(x), theirs(x))


def test_the_weights_of_a_batch_norm_load_into_it():
    norm, frozen = _trained(nn.BatchNorm2d(3)), FrozenBatchNorm(3).double()
    frozen.load_state_dict(norm.state_dict())
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    torch.testing.assert_close(frozen(x), norm(x))


@pytest.mark.parametrize("norm", [nn.BatchNorm1d(3), BatchNorm(3)])
def test_training_mode_changes_nothing(norm):
    frozen = freeze_batch_norm(_trained(norm)).train()
    x = torch.randn(4, 3, dtype=torch.float64)
    before = {name: value.clone() for name, value in frozen.state_dict().items()}
    assert torch.equal(frozen(x), frozen.eval()(x))
    torch.testing.assert_close(dict(frozen.state_dict()), before)


def test_there_is_nothing_to_learn():
    model = freeze_batch_norm(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)))
    assert [name for name, _ in model.named_parameters()] == ["0.weight", "0.bias"]


def test_every_batch_norm_is_replaced_and_modes_stay():
    model = nn.Sequential(
        nn.Sequential(nn.BatchNorm2d(3), nn.ReLU()), nn.BatchNorm2d(3).eval()
    )
    freeze_batch_norm(model)
    assert [type(m) for m in model.modules()].count(FrozenBatchNorm) == 2
    assert [model[0][0].training, model[1].training] == [True, False]


def test_a_norm_in_two_places_stays_one():
    norm = nn.BatchNorm1d(3)
    model = freeze_batch_norm(nn.Sequential(norm, nn.ReLU(), norm, nn.Sequential(norm)))
    assert isinstance(model[0], FrozenBatchNorm)
    assert model[0] is model[2] is model[3][0]


def test_a_norm_without_weight_freezes_with_weight_1():
    norm = _trained(BatchNorm(3, affine=False))
    x = torch.randn(4, 3, dtype=torch.float64)
    torch.testing.assert_close(freeze_batch_norm(norm)(x), norm(x))


def test_a_norm_without_statistics_stays():
    norm = nn.BatchNorm1d(3, track_running_stats=False)
    assert freeze_batch_norm(norm) is norm


def test_it_does_not_share_memory_with_the_norm():
    norm = nn.BatchNorm1d(3)
    freeze_batch_norm(norm).weight.zero_()
    assert torch.equal(norm.weight, torch.ones(3))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradient_is_that_of_finite_differences(shape):
    frozen = freeze_batch_norm(_trained(KINDS[len(shape)](3)))
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    assert gradcheck(frozen, (x,))


def test_half_precision_stays_half_precision():
    assert FrozenBatchNorm(3)(torch.randn(2, 3).bfloat16()).dtype == torch.bfloat16


def test_images_keep_the_channels_last_layout():
    x = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    assert FrozenBatchNorm(3)(x).is_contiguous(memory_format=torch.channels_last)
