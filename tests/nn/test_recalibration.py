import pytest
import torch
from torch import nn
from torch.optim.swa_utils import update_bn

from headway.models import build_model
from headway.nn import BatchNorm, recalibrate

NORMS = [nn.BatchNorm1d, BatchNorm]


def _data(count=24):
    torch.manual_seed(0)
    return 2 + 3 * torch.randn(count, 3, dtype=torch.float64)


def _network(norm=nn.BatchNorm1d):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(3, 4), norm(4), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4, 2), norm(2)
    ).double()


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("sizes", [(24,), (8, 8, 8), (15, 9), (2, 22)], ids=str)
def test_a_first_layer_gets_the_moments_of_the_population_however_it_is_divided(
    norm, sizes
):
    x, norm = _data(), norm(3).double()
    recalibrate(norm, x.split(sizes))
    torch.testing.assert_close(norm.running_mean, x.mean(0), atol=1e-12, rtol=0)
    torch.testing.assert_close(norm.running_var, x.var(0), atol=1e-12, rtol=0)


def test_images_have_statistics_over_their_positions():
    x = torch.randn(6, 3, 4, 5, dtype=torch.float64)
    norm = nn.BatchNorm2d(3).double()
    recalibrate(norm, x.split(2))
    torch.testing.assert_close(norm.running_var, x.movedim(1, 0).flatten(1).var(1))


def test_per_feature_normalization_over_the_training_set_gives_mean_0_and_variance_1():
    x, norm = _data(), BatchNorm(3, eps=0.0, affine=False, unbiased=True).double()
    y = recalibrate(norm, x.split(8)).eval()(x)
    torch.testing.assert_close(y.mean(0), torch.zeros(3).double(), atol=1e-12, rtol=0)
    torch.testing.assert_close(y.var(0), torch.ones(3).double(), atol=1e-12, rtol=0)


@pytest.mark.parametrize("norm", NORMS)
def test_every_layer_gets_the_moments_of_what_reaches_it(norm):
    x, model = _data(), _network(norm)
    recalibrate(model, [x])
    hidden = x
    for layer in model:
        if isinstance(layer, norm):
            torch.testing.assert_close(layer.running_mean, hidden.mean(0))
            torch.testing.assert_close(layer.running_var, hidden.var(0))
        if not isinstance(layer, nn.Dropout):
            hidden = layer.train()(hidden)


def test_one_batch_gives_what_torch_gives_without_dropout():
    x, ours, theirs = _data(), _network(), _network()
    ours[3], theirs[3] = nn.Identity(), nn.Identity()
    recalibrate(ours, [x])
    update_bn([x], theirs)
    torch.testing.assert_close(ours[5].running_var, theirs[5].running_var)
    torch.testing.assert_close(ours[5].running_mean, theirs[5].running_mean)


def test_the_unbiased_average_of_batches_estimates_the_same_variance():
    # Algorithm 2 of the paper: m / (m - 1) times the mean of the batch variances.
    torch.manual_seed(0)
    x = torch.randn(8000, 3, dtype=torch.float64)
    batches = x.split(8)
    average = torch.stack([batch.var(0, correction=0) for batch in batches]).mean(0)
    norm = recalibrate(nn.BatchNorm1d(3).double(), batches)
    torch.testing.assert_close(norm.running_var, average * 8 / 7, rtol=0.03, atol=0)
    assert not torch.allclose(norm.running_var, average, rtol=0.03, atol=0)


def test_the_tensors_of_a_data_loader_are_taken_from_its_tuples():
    x = _data()
    norm = recalibrate(nn.BatchNorm1d(3).double(), [(x, torch.zeros(24)), [x]])
    torch.testing.assert_close(norm.running_mean, x.mean(0))


def test_weights_counters_and_modes_stay():
    model = _network()
    model(_data())
    model[0].eval()
    before = {k: v.clone() for k, v in model.state_dict().items() if "running" not in k}
    modes = [module.training for module in model.modules()]
    recalibrate(model, _data().split(8))
    after = {k: v for k, v in model.state_dict().items() if "running" not in k}
    torch.testing.assert_close(after, before, rtol=0, atol=0)
    assert [module.training for module in model.modules()] == modes
    assert model[1].momentum == 0.1


def test_the_random_state_stays():
    model, x = _network(), _data()
    state = torch.get_rng_state()
    recalibrate(model, [x])
    assert torch.equal(torch.get_rng_state(), state)


def test_a_fault_leaves_the_statistics_alone():
    model, x = _network(), _data()
    model(x)
    before = model[1].running_mean.clone()
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        recalibrate(model, [x, x[:1]])
    assert torch.equal(model[1].running_mean, before)
    assert model[1].momentum == 0.1
    assert model[1].num_batches_tracked == 1


def test_no_batch_is_refused():
    with pytest.raises(ValueError, match="at least one batch"):
        recalibrate(_network(), [])


def test_a_layer_that_is_not_reached_keeps_its_statistics():
    model = nn.ModuleDict({"used": nn.BatchNorm1d(3), "unused": nn.BatchNorm1d(3)}).double()
    model.forward = model["used"].forward
    recalibrate(model, [_data()])
    assert torch.equal(model["unused"].running_var, torch.ones(3).double())


def test_a_layer_without_running_statistics_is_left_alone():
    norm = nn.BatchNorm1d(3, track_running_stats=False).double()
    assert recalibrate(norm, [_data()]).running_mean is None


def test_the_evaluation_loss_after_it_is_that_of_training_mode():
    """Population statistics fit the present weights; moving averages trail behind."""
    torch.manual_seed(0)
    model = build_model(
        "resnet-8", input_shape=(1, 8, 8), num_outputs=3, options={"width": 4}
    )
    x = torch.randn(256, 1, 8, 8)
    model(x)  # one update with momentum 0.1: the averages are still near 0 and 1
    stale = model.eval()(x)
    fresh = recalibrate(model, [x]).eval()(x)
    expected = model.train()(x)
    assert (stale - expected).abs().max() > 0.1
    torch.testing.assert_close(fresh, expected, rtol=0.01, atol=0.01)
