import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from headway.nn import Bottleneck, ShortcutA, ShortcutB, ShortcutC


def _with_random_statistics(block):
    for norm in (part for part in block.modules() if isinstance(part, nn.BatchNorm2d)):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2.0)
    return block.double().eval()


@pytest.mark.parametrize("stride_on", ["3x3", "1x1"])
def test_the_gradient_is_that_of_finite_differences(stride_on):
    torch.manual_seed(0)
    block = _with_random_statistics(Bottleneck(2, 8, stride=2, stride_on=stride_on))
    x = torch.randn(2, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    assert gradcheck(block, (x,))


def test_zero_weights_of_the_last_norm_give_the_identity():
    block = Bottleneck(8, 8)
    nn.init.zeros_(block.norm3.weight)
    x = torch.rand(2, 8, 5, 5)  # not negative, as after the ReLU of the block before
    assert torch.equal(block(x), x)


def test_the_3x3_convolution_has_a_quarter_of_the_channels():
    assert Bottleneck(64, 256).conv2.weight.shape == (64, 64, 3, 3)


def test_the_stride_is_on_the_3x3_convolution_as_in_torchvision():
    block = Bottleneck(8, 8, stride=2)
    assert (block.conv1.stride, block.conv2.stride) == ((1, 1), (2, 2))


def test_the_stride_is_on_the_first_convolution_as_in_the_paper():
    block = Bottleneck(8, 8, stride=2, stride_on="1x1")
    assert (block.conv1.stride, block.conv2.stride) == ((2, 2), (1, 1))


def test_both_places_of_the_stride_agree_where_the_kernel_sees_the_middle_alone():
    """A kernel that is zero but in its middle reads the same pixels either way."""
    torch.manual_seed(0)
    late, early = (Bottleneck(4, 8, stride=2, stride_on=s).eval() for s in ("3x3", "1x1"))
    with torch.no_grad():
        middle = late.conv2.weight[:, :, 1, 1].clone()
        late.conv2.weight.zero_()[:, :, 1, 1] = middle
    early.load_state_dict(late.state_dict())
    x = torch.randn(2, 4, 6, 6)
    torch.testing.assert_close(late(x), early(x))


@pytest.mark.parametrize("shortcut", [ShortcutA, ShortcutB, ShortcutC])
@pytest.mark.parametrize("side", [7, 8], ids=["odd", "even"])
def test_every_shortcut_meets_the_shape_of_the_block(shortcut, side):
    block = Bottleneck(4, 8, stride=2, shortcut=shortcut)
    assert block(torch.randn(2, 4, side, side)).shape == (2, 8, 4, 4)


def test_a_block_does_not_change_its_input():
    x = torch.randn(2, 8, 5, 5)
    before = x.clone()
    Bottleneck(8, 8)(x)
    assert torch.equal(x, before)


@pytest.mark.parametrize("channels", [6, 0])
def test_channels_that_cannot_be_quartered_are_refused(channels):
    with pytest.raises(ValueError, match=f"positive multiple of 4.*got {channels}"):
        Bottleneck(8, channels)
