import pytest
import torch
from torch import nn
from torch.autograd import gradcheck
from torch.utils._python_dispatch import TorchDispatchMode

from headway.nn import BasicBlock, PlainBlock, ShortcutA, ShortcutB, ShortcutC

SHORTCUTS = [ShortcutA, ShortcutB, ShortcutC]


def test_shortcut_a_keeps_every_second_pixel():
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert ShortcutA(1, 1, stride=2)(x).tolist() == [[[[0.0, 2.0], [8.0, 10.0]]]]


def test_shortcut_a_appends_channels_of_zeros():
    x = torch.ones(1, 2, 1, 1)
    assert ShortcutA(2, 5)(x).flatten().tolist() == [1.0, 1.0, 0.0, 0.0, 0.0]


def test_shortcut_a_rounds_odd_sides_up():
    x = torch.arange(15.0).reshape(1, 1, 3, 5)
    assert ShortcutA(1, 1, stride=2)(x).tolist() == [
        [[[0.0, 2.0, 4.0], [10.0, 12.0, 14.0]]]
    ]


def test_shortcut_a_has_no_parameters():
    assert not list(ShortcutA(16, 32, stride=2).parameters())


def test_shortcut_a_refuses_to_drop_channels():
    with pytest.raises(
        ValueError, match="cannot drop any: out_channels must be at least 8, got 4"
    ):
        ShortcutA(8, 4)


@pytest.mark.parametrize("shortcut", [ShortcutA, ShortcutB])
def test_an_unchanged_shape_passes_through_untouched(shortcut):
    x = torch.randn(2, 4, 3, 3)
    assert shortcut(4, 4)(x) is x


def test_shortcut_b_projects_where_the_channels_change():
    assert ShortcutB(4, 8).projection[0].weight.shape == (8, 4, 1, 1)


def test_shortcut_b_projects_where_the_stride_changes():
    assert ShortcutB(4, 4, stride=2).projection[0].stride == (2, 2)


def test_shortcut_c_projects_an_unchanged_shape_too():
    assert ShortcutC(4, 4)[0].weight.shape == (4, 4, 1, 1)


@pytest.mark.parametrize("shortcut", SHORTCUTS)
@pytest.mark.parametrize("side", [7, 8], ids=["odd", "even"])
def test_every_shortcut_meets_the_shape_of_the_block(shortcut, side):
    block = BasicBlock(3, 6, stride=2, shortcut=shortcut)
    assert block(torch.randn(2, 3, side, side)).shape == (2, 6, 4, 4)


def _silence_residual_branch(block):
    nn.init.zeros_(block.conv1.weight)
    nn.init.zeros_(block.conv2.weight)
    return block


@pytest.mark.parametrize("mode", [True, False], ids=["train", "eval"])
def test_zero_residual_weights_give_the_identity(mode):
    block = _silence_residual_branch(BasicBlock(4, 4)).train(mode)
    x = torch.rand(2, 4, 5, 5)  # not negative, as after the ReLU of the block before
    assert torch.equal(block(x), x)


def test_zero_weights_without_a_shortcut_give_zero():
    block = _silence_residual_branch(PlainBlock(4, 4))
    assert not block(torch.rand(2, 4, 5, 5)).any()


def test_a_residual_block_is_the_plain_block_before_its_last_relu_plus_the_shortcut():
    plain, residual = PlainBlock(3, 6, stride=2).eval(), BasicBlock(3, 6, stride=2).eval()
    residual.load_state_dict(plain.state_dict())
    plain.relu2 = nn.Identity()
    x = torch.randn(2, 3, 8, 8)
    expected = (plain(x) + ShortcutA(3, 6, stride=2)(x)).relu()
    torch.testing.assert_close(residual(x), expected)


@pytest.mark.parametrize("block", [PlainBlock, BasicBlock])
def test_a_block_does_not_change_its_input(block):
    x = torch.randn(2, 4, 5, 5)
    before = x.clone()
    block(4, 4)(x)
    assert torch.equal(x, before)


def _with_random_statistics(block):
    for norm in (part for part in block.modules() if isinstance(part, nn.BatchNorm2d)):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2.0)
    return block.double().eval()


@pytest.mark.parametrize("shortcut", SHORTCUTS)
@pytest.mark.parametrize("stride", [1, 2])
def test_the_gradient_of_a_residual_block_is_that_of_finite_differences(shortcut, stride):
    torch.manual_seed(0)
    block = _with_random_statistics(BasicBlock(2, 3, stride=stride, shortcut=shortcut))
    x = torch.randn(2, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    assert gradcheck(block, (x,))


def test_the_gradient_of_a_plain_block_is_that_of_finite_differences():
    torch.manual_seed(0)
    block = _with_random_statistics(PlainBlock(2, 3, stride=2))
    x = torch.randn(2, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    assert gradcheck(block, (x,))


class _Recorder(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


def test_a_block_with_an_identity_shortcut_runs_one_operation_more_than_a_plain_one():
    x, counts = torch.randn(2, 4, 5, 5), []
    for block in (PlainBlock(4, 4).eval(), BasicBlock(4, 4).eval()):
        with torch.no_grad(), _Recorder() as recorder:
            block(x)
        counts.append(len(recorder.names))
    assert counts[1] - counts[0] == 1


def test_shortcut_a_keeps_the_channels_last_layout():
    x = torch.randn(2, 4, 8, 8).to(memory_format=torch.channels_last)
    y = ShortcutA(4, 8, stride=2)(x)
    assert y.is_contiguous(memory_format=torch.channels_last)
