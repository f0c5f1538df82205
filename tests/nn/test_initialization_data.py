import pytest
import torch
from torch import nn

from headway.nn import Maxout, MaxoutConv2d, krahenbuhl_, lsuv_


def _batch(*shape):
    return 3 + 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def _chain(depth, activation):
    layers = [part for _ in range(depth) for part in (nn.Linear(32, 32), activation())]
    return nn.Sequential(*layers, nn.Linear(32, 10))


def _image_network():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.ConvTranspose2d(8, 12, 2, stride=2, groups=4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(12 * 12 * 12, 5),
    )


def _outputs(model, batch):
    """Return what each layer with weights puts out."""
    found = []
    handles = [
        layer.register_forward_hook(lambda _, __, output: found.append(output.detach()))
        for layer in model
        if hasattr(layer, "weight") and not isinstance(layer, nn.BatchNorm2d)
    ]
    model(batch)
    for handle in handles:
        handle.remove()
    return found


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.Sigmoid])
def test_lsuv_gives_every_layer_outputs_of_variance_one(activation):
    model, batch = _chain(30, activation), _batch(128, 32)
    lsuv_(model, batch, generator=torch.Generator().manual_seed(0))
    variances = [output.var().item() for output in _outputs(model, batch)]
    assert len(variances) == 31
    assert variances == pytest.approx([1.0] * 31, abs=0.1)


def test_lsuv_counts_with_batch_norm_dropout_and_every_kind_of_convolution():
    model, batch = _image_network().eval(), _batch(64, 3, 8, 8)
    lsuv_(model, batch, tolerance=0.01)
    variances = [output.var().item() for output in _outputs(model, batch)]
    assert variances == pytest.approx([1.0] * 3, abs=0.01)


def test_lsuv_scales_orthogonal_weights():
    model, batch = _chain(2, nn.ReLU), _batch(128, 32)
    weight = lsuv_(model, batch)[0].weight.detach()
    gram = weight @ weight.T
    torch.testing.assert_close(gram, gram[0, 0] * torch.eye(32), rtol=0, atol=1e-5)


def test_lsuv_leaves_variances_within_the_tolerance_alone():
    model, batch = nn.Sequential(nn.Linear(32, 32, bias=False)), _batch(512, 32)
    lsuv_(model, batch, tolerance=1e6)
    torch.testing.assert_close(model[0].weight @ model[0].weight.T, torch.eye(32))


@pytest.mark.parametrize("initialize", [lsuv_, krahenbuhl_])
def test_statistics_gradients_and_the_global_generator_stay_as_they_were(initialize):
    model, batch = _image_network().train(), _batch(64, 3, 8, 8)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    initialize(model, batch, generator=torch.Generator().manual_seed(0))
    assert torch.equal(torch.rand(3), expected)
    assert not model[1].running_mean.any()
    assert model[1].num_batches_tracked == 0
    assert all(parameter.grad is None for parameter in model.parameters())
    assert model.training


@pytest.mark.parametrize("initialize", [lsuv_, krahenbuhl_])
def test_a_batch_without_variation_is_refused(initialize):
    with pytest.raises(ValueError, match="outputs of layer '0' have a spread of 0"):
        initialize(_chain(2, nn.ReLU), torch.zeros(8, 32))


@pytest.mark.parametrize("initialize", [lsuv_, krahenbuhl_])
def test_a_layer_that_runs_twice_is_adjusted_once(initialize):
    layer = nn.Linear(8, 8)
    model, batch = nn.Sequential(layer, nn.ReLU(), layer), _batch(256, 8)
    initialize(model, batch)
    assert layer.weight.isfinite().all()


def _rates(model, batch):
    noise = torch.randn(
        model(batch).shape, generator=torch.Generator().manual_seed(2), dtype=batch.dtype
    )
    weights = [p for p in model.parameters() if p.ndim > 1]
    grads = torch.autograd.grad(model(batch), weights, noise)
    return [(g.norm() / w.norm()).item() for g, w in zip(grads, weights, strict=True)]


def _double_chain():
    model = nn.Sequential(
        *(nn.Linear(32, 96), nn.ReLU(), nn.Linear(96, 16), nn.ReLU(), nn.Linear(16, 10))
    )
    return model.double(), _batch(2000, 32).double()


def test_krahenbuhl_makes_all_layers_change_at_the_same_rate():
    model, batch = _double_chain()
    before = _rates(lsuv_(model, batch), batch)
    after = _rates(krahenbuhl_(model, batch), batch)
    assert max(before) > 1.5 * min(before)
    assert max(after) < 1.15 * min(after)  # another random gradient than that of the fit


@pytest.mark.parametrize("mean", [0.0, 0.5])
def test_krahenbuhl_normalises_every_output_of_a_homogeneous_network(mean):
    model, batch = _double_chain()
    y = krahenbuhl_(model, batch, mean=mean)(batch).detach()
    torch.testing.assert_close(y.mean(0), torch.full((10,), mean, dtype=y.dtype))
    torch.testing.assert_close(y.std(0, correction=0), torch.ones(10, dtype=y.dtype))


def test_krahenbuhl_normalises_the_channels_of_maxout():
    model = nn.Sequential(
        MaxoutConv2d(3, 4, 3, num_pieces=3),
        nn.Flatten(),
        Maxout(4 * 16, 5),
        nn.Linear(5, 3),
    )
    batch = _batch(500, 3, 6, 6).double()
    y = krahenbuhl_(model.double(), batch)(batch).detach()
    torch.testing.assert_close(y.mean(0), torch.zeros(3, dtype=y.dtype))
    torch.testing.assert_close(y.std(0, correction=0), torch.ones(3, dtype=y.dtype))


def test_krahenbuhl_normalises_hidden_channels_up_to_one_factor_a_layer():
    model, batch = _double_chain()
    krahenbuhl_(model, batch)
    for hidden in _outputs(model, batch)[:2]:
        std = hidden.std(0)
        torch.testing.assert_close(std, std[:1].expand_as(std))
        torch.testing.assert_close(hidden.mean(0), torch.zeros_like(std))


def test_krahenbuhl_normalises_the_channels_of_grouped_transposed_convolutions():
    layer = nn.ConvTranspose2d(8, 12, 2, stride=2, groups=4)
    model, batch = nn.Sequential(layer), _batch(64, 8, 5, 5)
    y = krahenbuhl_(model, batch)(batch).detach()
    torch.testing.assert_close(y.std((0, 2, 3)), torch.ones(12), rtol=0, atol=1e-3)
    torch.testing.assert_close(y.mean((0, 2, 3)), torch.zeros(12), rtol=0, atol=1e-4)
