import pytest
import torch
from torch import nn

from headway.optim import SharpnessAware


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)).double()


def loss_of(model: nn.Module) -> torch.Tensor:
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return model(x).square().mean()


def test_the_weights_go_rho_up_the_gradient_of_all_tensors_together() -> None:
    model = network()
    before = [p.detach().clone() for p in model.parameters()]
    loss_of(model).backward()
    gradients = [p.grad.clone() for p in model.parameters()]
    norm = torch.cat([g.flatten() for g in gradients]).norm()
    with SharpnessAware(model, rho=0.3).ascended():
        for p, w, g in zip(model.parameters(), before, gradients, strict=True):
            torch.testing.assert_close(p.detach(), w + 0.3 * g / norm)
            assert p.grad is None


def test_the_loss_is_larger_there() -> None:
    model = network()
    before = loss_of(model)
    before.backward()
    with SharpnessAware(model, rho=0.05).ascended():
        assert loss_of(model).item() > before.item()


def test_weights_and_statistics_come_back_bit_for_bit() -> None:
    model = network()
    loss_of(model).backward()
    before = {name: t.clone() for name, t in model.state_dict().items()}
    with SharpnessAware(model, rho=0.3).ascended():
        loss_of(model).backward()
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())
    assert all(p.grad is not None for p in model.parameters())


def test_everything_comes_back_after_an_error() -> None:
    model = network()
    loss_of(model).backward()
    before = model[0].weight.detach().clone()
    with pytest.raises(RuntimeError, match="memory"), SharpnessAware(model, 0.3).ascended():
        raise RuntimeError("out of memory")
    assert torch.equal(model[0].weight, before)


def test_a_gradient_of_zero_leads_nowhere() -> None:
    model = nn.Linear(1, 1, bias=False)
    before = model.weight.item()
    model.weight.grad = torch.zeros(1, 1)
    with SharpnessAware(model, rho=0.3).ascended():
        assert model.weight.item() == before


@pytest.mark.parametrize("rho", [0.0, -1.0])
def test_a_distance_that_is_not_above_zero_is_refused(rho: float) -> None:
    with pytest.raises(ValueError, match="rho must be above 0"):
        SharpnessAware(network(), rho)
