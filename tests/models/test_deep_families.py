"""The residual families for small images: preresnet, wide-resnet, fixup-resnet, revnet."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

from headway.engine.memory import apply_memory_mode
from headway.errors import ModelError
from headway.measure import num_parameters, saved_bytes
from headway.models import (
    build_model,
    fixup_resnet110,
    preresnet110,
    preresnet164,
    preresnet1001,
    revnet38,
    revnet110,
    wide_resnet16_8,
    wide_resnet28_10,
    wide_resnet40_4,
)
from headway.nn import (
    BasicBlock,
    PreActivationBlock,
    PreActivationBottleneck,
    ReversibleSequence,
    StochasticDepth,
    deepen,
    initialize_,
)

SMALL = ["preresnet-20", "wide-resnet-10-2", "fixup-resnet-20", "revnet-26"]


def build(name, input_shape=(3, 8, 8), num_outputs=10, **options):
    torch.manual_seed(0)
    return build_model(
        name, input_shape=input_shape, num_outputs=num_outputs, options=options
    )


# Millions of parameters: He et al. 2016, table 4 (110, 164) and section 4 (1001); Zagoruyko and
# Komodakis 2016, table 4; Gomez et al. 2017, table 1; Fixup has a few scalars for batch norm.
@pytest.mark.parametrize(
    ("build_published", "millions", "digits"),
    [
        (preresnet110, 1.7, 1),
        (preresnet164, 1.7, 1),
        (preresnet1001, 10.3, 1),
        (wide_resnet16_8, 11.0, 1),
        (wide_resnet28_10, 36.5, 1),
        (wide_resnet40_4, 8.9, 1),
        (fixup_resnet110, 1.7, 1),
        (revnet38, 0.46, 2),
        (revnet110, 1.73, 2),
    ],
)
def test_parameters_are_those_of_the_paper(build_published, millions, digits):
    with torch.device("meta"):
        assert round(num_parameters(build_published()) / 1e6, digits) == millions


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize(
    "input_shape", [(1, 8, 8), (5, 31, 17), (3, 80, 80)], ids=lambda shape: str(shape)
)
def test_images_of_any_size_are_taken(name, input_shape):
    model = build(name, input_shape, 7)
    assert model(torch.randn(2, *input_shape)).shape == (2, 7)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("mode", ["checkpoint", "sqrt"])
@pytest.mark.filterwarnings("ignore:training.memory=.* is ignored")
def test_memory_modes_change_no_gradient(name, mode):
    plain = build(name)
    saving = copy.deepcopy(plain)
    apply_memory_mode(saving, mode)
    x = torch.randn(4, 3, 8, 8)
    for model in (plain, saving):
        model(x).square().mean().backward()
    for a, b in zip(plain.parameters(), saving.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad)
    for a, b in zip(plain.buffers(), saving.buffers(), strict=True):
        assert torch.equal(a, b)


def test_stochastic_depth_draws_the_same_when_activations_are_computed_again():
    grads = []
    for mode in ("store", "sqrt"):
        model = build("resnet-20", final_survival=0.3)
        apply_memory_mode(model, mode)
        torch.manual_seed(1)
        model(torch.ones(4, 3, 8, 8)).square().mean().backward()
        grads.append([parameter.grad for parameter in model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*grads, strict=True))


def test_a_memory_mode_on_a_reversible_network_is_refused_by_a_warning():
    model = build("revnet-26")
    with pytest.warns(UserWarning, match="training.memory=sqrt is ignored"):
        assert apply_memory_mode(model, "sqrt") == 0


@pytest.mark.parametrize("name", SMALL)
def test_a_deepened_network_has_the_outputs_of_the_shallow_one(name):
    model = build(name).eval()
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(deepen(model, 2)(x), model(x))


@pytest.mark.parametrize(("name", "deeper"), [("resnet-20", 26), ("preresnet-20", 26)])
def test_a_deepened_network_is_the_deeper_one_of_its_family(name, deeper):
    kind = name.partition("-")[0]
    state = deepen(build(name)).state_dict()
    build(f"{kind}-{deeper}").load_state_dict(state)


def test_a_trained_network_goes_on_training_after_it_was_deepened():
    model, x, targets = build("resnet-8", (1, 8, 8), width=8), *digits(256)
    before = train(model, x, targets, steps=30, batch_size=256)
    deeper = deepen(model, 1)
    after = train(deeper, x, targets, steps=15, batch_size=256)
    assert after[0] == pytest.approx(before[-1], rel=0.2)
    assert after[-1] < before[-1]


def test_depth_decides_between_basic_blocks_and_bottlenecks():
    with torch.device("meta"):
        assert isinstance(build("preresnet-110").stage1[0], PreActivationBlock)
        assert isinstance(build("preresnet-164").stage1[0], PreActivationBottleneck)
        chosen = build("preresnet-110", block="bottleneck")
        assert isinstance(chosen.stage1[0], PreActivationBottleneck)


def test_the_number_in_the_name_counts_the_layers_with_weights_of_a_revnet():
    layers = [
        m for m in build("revnet-26").modules() if isinstance(m, nn.Conv2d | nn.Linear)
    ]
    assert len(layers) == 26


def test_only_the_first_block_of_the_later_stages_is_not_reversible():
    model = build("revnet-38")
    lengths = [len(m) for m in model.modules() if isinstance(m, ReversibleSequence)]
    assert lengths == [3, 2, 2]


def test_what_a_reversible_network_saves_does_not_grow_with_depth():
    x = torch.randn(2, 3, 16, 16)
    shallow, deep = build("revnet-26"), build("revnet-110")
    assert saved_bytes(lambda: deep(x).sum()) == saved_bytes(lambda: shallow(x).sum())


@pytest.mark.slow
def test_a_reversible_network_of_1202_layers_saves_a_hundredth():
    x = torch.randn(2, 3, 16, 16)
    stored, reversible = build("resnet-1202"), build("revnet-1202")
    bound = saved_bytes(lambda: stored(x).sum()) / 100
    assert saved_bytes(lambda: reversible(x).sum()) <= bound


def test_final_survival_turns_stochastic_depth_on():
    for name in ("resnet-20", "preresnet-20"):
        depths = [
            m.drop_prob
            for m in build(name, final_survival=0.5).modules()
            if isinstance(m, StochasticDepth)
        ]
        assert depths == pytest.approx([number / 9 * 0.5 for number in range(1, 10)])


def test_zero_init_residual_starts_as_a_network_without_blocks():
    model = build("resnet-20", zero_init_residual=True)
    assert not any(
        m.norm2.weight.any() for m in model.modules() if isinstance(m, BasicBlock)
    )
    x = torch.rand(2, 16, 8, 8)
    assert torch.equal(model.stage1(x), x)
    reversible = build("revnet-26", zero_init_residual=True)
    x = torch.rand(2, 32, 8, 8)
    assert torch.equal(reversible.stage1(x), x)


def test_wide_networks_have_dropout_inside_of_their_blocks():
    model = build("wide-resnet-10-2", drop_prob=0.3)
    assert [m.p for m in model.modules() if isinstance(m, nn.Dropout)][:3] == [0.3] * 3


@pytest.mark.parametrize("name", SMALL)
def test_the_networks_train_in_bfloat16_and_channels_last(name):
    model = build(name).to(memory_format=torch.channels_last)
    x = torch.randn(4, 3, 8, 8).to(memory_format=torch.channels_last)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model(x).float().square().mean()
    loss.backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("preresnet-21", "preresnet-20 or preresnet-26"),
        ("preresnet-166", "preresnet-164 or preresnet-170"),
        ("wide-resnet-29-10", "must be 6n \\+ 4"),
        ("fixup-resnet-18", "fixup-resnet-14 or fixup-resnet-20"),
        ("revnet-20", "revnet-14 or revnet-26"),
    ],
)
def test_a_depth_that_does_not_exist_is_refused_with_the_nearest(name, nearest):
    with pytest.raises(ModelError, match=nearest):
        build(name)


def test_channels_that_fall_are_refused():
    with pytest.raises(ModelError, match=r"do not fall.*got \[64, 32, 32\]"):
        build("revnet-26", widths=[64, 32, 32])


def digits(count):
    data = load_digits()
    x = torch.tensor(data.images[:count], dtype=torch.float32).unsqueeze(1) / 8 - 1
    return x, torch.tensor(data.target[:count])


def train(model, x, targets, *, steps, lr=0.05, batch_size=64):
    """Return the losses of steps on one batch after another, up to the first that is none."""
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    losses = []
    for step in range(steps):
        chosen = torch.arange(step * batch_size, (step + 1) * batch_size) % len(x)
        loss = F.cross_entropy(model(x[chosen]), targets[chosen])
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


def test_fixup_learns_without_norm_where_he_alone_diverges():
    model = build("fixup-resnet-32", (1, 8, 8), width=8)
    fixup = train(model, *digits(1200), steps=80, lr=0.03)
    he = train(initialize_(model, gain=math.sqrt(2.0)), *digits(1200), steps=20, lr=0.03)
    assert fixup[-1] < 0.7 * fixup[0]
    assert not math.isfinite(he[-1])
