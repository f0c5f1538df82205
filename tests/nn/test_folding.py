import jaxtyping
import pytest
import torch
import torchvision
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from headway.models import build_model
from headway.nn import (
    BasicBlock,
    BatchNorm,
    FrozenBatchNorm,
    PlainBlock,
    ShortcutC,
    fold_batch_norm,
)


@pytest.fixture(autouse=True)
def _no_shape_checks(monkeypatch):
    """Let torch.fx trace: its stand-ins for tensors have no shapes that could be checked."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def _with_statistics(model):
    torch.manual_seed(0)
    for norm in model.modules():
        if hasattr(norm, "running_var"):
            nn.init.uniform_(norm.weight, 0.5, 2.0) if norm.weight is not None else None
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2.0)
    return model.double()


def _num_norms(model):
    return sum(hasattr(module, "running_var") for module in model.modules())


def _assert_folded(model, x, *, left=0):
    folded = fold_batch_norm(_with_statistics(model))
    assert _num_norms(folded) == left
    torch.testing.assert_close(folded(x), model.eval()(x), atol=1e-12, rtol=1e-12)


PAIRS = {
    "linear": (nn.Linear(3, 4), nn.BatchNorm1d(4), (5, 3)),
    "linear without bias": (nn.Linear(3, 4, bias=False), nn.BatchNorm1d(4), (5, 3)),
    "linear, norm without weight": (
        nn.Linear(3, 4),
        nn.BatchNorm1d(4, affine=False),
        (5, 3),
    ),
    "conv1d": (nn.Conv1d(3, 4, 3), nn.BatchNorm1d(4), (2, 3, 8)),
    "conv2d": (nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), (2, 3, 8, 8)),
    "grouped": (nn.Conv2d(4, 6, 3, groups=2), nn.BatchNorm2d(6), (2, 4, 8, 8)),
    "conv3d": (nn.Conv3d(3, 4, 2), nn.BatchNorm3d(4), (2, 3, 4, 4, 4)),
    "transposed": (nn.ConvTranspose2d(3, 4, 3), nn.BatchNorm2d(4), (2, 3, 4, 4)),
    "ours": (nn.Conv2d(3, 4, 3), BatchNorm(4, eps=0.0, unbiased=True), (2, 3, 8, 8)),
    "frozen": (nn.Conv2d(3, 4, 3), FrozenBatchNorm(4), (2, 3, 8, 8)),
}


@pytest.mark.parametrize(("layer", "norm", "shape"), PAIRS.values(), ids=PAIRS.keys())
def test_a_pair_becomes_one_layer(layer, norm, shape):
    _assert_folded(nn.Sequential(layer, norm), torch.randn(shape, dtype=torch.float64))


@pytest.mark.parametrize(
    "block",
    [PlainBlock(3, 4, stride=2), BasicBlock(3, 4, stride=2, shortcut=ShortcutC)],
    ids=["plain", "residual"],
)
def test_pairs_are_found_by_use_and_not_by_place(block):
    _assert_folded(block, torch.randn(2, 3, 8, 8, dtype=torch.float64))


@pytest.mark.parametrize("name", ["resnet-20", "plain-20"])
def test_a_network_gives_the_same_outputs(name):
    model = build_model(name, input_shape=(3, 8, 8), num_outputs=5, options={"width": 4})
    _assert_folded(model, torch.randn(2, 3, 8, 8, dtype=torch.float64))


def test_a_network_in_float32_gives_the_same_outputs():
    torch.manual_seed(0)
    model = build_model("resnet-20", input_shape=(3, 8, 8), num_outputs=5, options={})
    x = torch.randn(64, 3, 8, 8)
    model(x)
    torch.testing.assert_close(
        fold_batch_norm(model)(x), model.eval()(x), atol=1e-5, rtol=1e-5
    )


def test_networks_of_other_libraries_fold():
    torch.manual_seed(0)
    model = torchvision.models.resnet18(num_classes=5)
    _assert_folded(model, torch.randn(1, 3, 32, 32, dtype=torch.float64))


def test_a_norm_in_front_of_its_layer_stays():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 2), nn.BatchNorm1d(2))
    _assert_folded(model, torch.randn(4, 3, dtype=torch.float64), left=1)


class _Custom(nn.Module):
    """A layer and a norm with a forward of their own."""

    def __init__(self, forward):
        super().__init__()
        self.layer, self.norm = nn.Linear(3, 3), nn.BatchNorm1d(3)
        self.run = forward

    def forward(self, x):
        return self.run(self, x)


UNFOLDABLE = {
    "output used elsewhere": lambda m, x: (y := m.layer(x)) + m.norm(y),
    "layer used twice": lambda m, x: m.norm(m.layer(m.layer(x))),
    "norm used twice": lambda m, x: m.norm(m.norm(m.layer(x))),
    "weight used elsewhere": lambda m, x: m.norm(m.layer(x)) @ m.layer.weight,
    "something between": lambda m, x: m.norm(m.layer(x).relu()),
}


@pytest.mark.parametrize("forward", UNFOLDABLE.values(), ids=UNFOLDABLE.keys())
def test_a_pair_that_is_not_alone_stays(forward):
    _assert_folded(_Custom(forward), torch.randn(4, 3, dtype=torch.float64), left=1)


def _branching(m, x):
    return m.norm(m.layer(x)) if x.sum() > 0 else x


def test_a_network_that_cannot_be_traced_folds_in_its_parts():
    inner = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), _Custom(_branching))
    model = nn.Sequential(inner, PlainishHead())
    _assert_folded(model, torch.randn(4, 3, dtype=torch.float64), left=1)


class PlainishHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.head, self.head_norm = nn.Linear(3, 2), nn.BatchNorm1d(2)

    def forward(self, x):
        return self.head_norm(self.head(x))


def test_a_layer_shared_by_parts_stays():
    layer = nn.Linear(3, 3)
    parts = [nn.Sequential(layer, nn.BatchNorm1d(3)) for _ in range(2)]
    model = nn.Sequential(*parts, _Custom(_branching))
    _assert_folded(model, torch.randn(4, 3, dtype=torch.float64), left=3)


def test_a_parametrized_layer_stays():
    model = nn.Sequential(weight_norm(nn.Linear(3, 2)), nn.BatchNorm1d(2))
    _assert_folded(model, torch.randn(4, 3, dtype=torch.float64), left=1)


def test_a_norm_without_statistics_stays():
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2, track_running_stats=False))
    assert isinstance(fold_batch_norm(model)[1], nn.BatchNorm1d)


def test_a_grouped_transposed_convolution_stays():
    model = nn.Sequential(nn.ConvTranspose2d(4, 4, 2, groups=2), nn.BatchNorm2d(4))
    _assert_folded(model, torch.randn(2, 4, 3, 3, dtype=torch.float64), left=1)


def test_the_model_itself_stays_as_it_is():
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    folded = fold_batch_norm(model)
    torch.testing.assert_close(dict(model.state_dict()), before)
    assert model.training
    assert not folded.training
    assert isinstance(model[1], nn.BatchNorm1d)


def test_the_folded_layer_is_the_inference_transform():
    layer, norm = nn.Linear(1, 1), nn.BatchNorm1d(1, eps=0.0)
    parts = (layer.weight, layer.bias, norm.running_mean, norm.running_var, norm.weight)
    with torch.no_grad():
        for tensor, value in zip(parts, (3, 1, 2, 4, 5), strict=True):
            tensor.fill_(value)
        norm.bias.fill_(7.0)
    folded = fold_batch_norm(nn.Sequential(layer, norm))[0]
    assert folded.weight.item() == pytest.approx(5 / 2 * 3)
    assert folded.bias.item() == pytest.approx(7 + 5 / 2 * (1 - 2))
