"""What a step does to the gradients, seen from the weights."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from headway.engine import Trainer
from headway.errors import RecipeError
from headway.optim import Constant, build_optimizer, decayed_parameters, elastic_net
from headway.tasks import Classification


def trained(make_setup: Any, **settings: Any) -> list[torch.Tensor]:
    setup = make_setup(**{"epochs": 1, **settings})
    Trainer(setup).run()
    return [parameter.detach().clone() for parameter in setup.model.parameters()]


def distance(make_setup: Any, **settings: Any) -> float:
    """Return how far one step moves the weights."""
    settings = {"max_steps": 1, "schedule": "constant", **settings}
    before = [p.detach().clone() for p in make_setup(**settings).model.parameters()]
    moved = trained(make_setup, **settings)
    return float(
        sum((a - b).square().sum() for a, b in zip(before, moved, strict=True)) ** 0.5
    )


@pytest.mark.parametrize("norm", [1e-3, 1e3])
def test_normalized_gradients_make_steps_of_one_length(make_setup, norm):
    settings = {"clip_mode": "normalize", "clip_norm": norm}
    # The warm-up starts at a tenth; momentum is empty in the first step, but Nesterov is off.
    assert distance(make_setup, **settings) == pytest.approx(0.1 * 0.05 * norm, rel=0.05)


def test_a_percentile_is_a_bound_that_the_run_finds_itself(make_setup):
    free = trained(make_setup)
    bounded = trained(make_setup, clip_mode="percentile", clip_percentile=10.0)
    unbounded = trained(make_setup, clip_mode="percentile", clip_percentile=100.0)
    assert any(not torch.equal(a, b) for a, b in zip(free, bounded, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(free, unbounded, strict=True))


class Penalized(Classification):
    """A task whose loss contains the penalty, as a formula has it."""

    def __init__(self, model: nn.Module, l1: float, l2: float) -> None:
        super().__init__(4)
        self._model, self._l1, self._l2 = model, l1, l2

    def loss(self, outputs: Any, targets: Any) -> torch.Tensor:
        penalty = elastic_net(decayed_parameters(self._model), l1=self._l1, l2=self._l2)
        return super().loss(outputs, targets) + penalty


@pytest.mark.parametrize("accumulate", [1, 3])
def test_a_penalty_does_what_a_term_of_the_loss_does(make_setup, accumulate):
    ours = trained(make_setup, l1=1e-3, l2=1e-2, accumulate=accumulate)
    setup = make_setup(epochs=1, accumulate=accumulate)
    task = Penalized(setup.model, 1e-3, 1e-2)
    Trainer(replace(setup, task=task)).run()
    for a, b in zip(ours, setup.model.parameters(), strict=True):
        torch.testing.assert_close(a, b.detach(), rtol=1e-4, atol=1e-5)
    free = trained(make_setup, accumulate=accumulate)
    assert not torch.allclose(ours[0], free[0], rtol=1e-4, atol=1e-5)


def linear_setup(make_setup: Any, **settings: Any) -> Any:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 4))
    return make_setup(model=model, epochs=1, **settings)


def test_sharpness_aware_steps_are_those_of_the_paper(make_setup):
    setup = linear_setup(make_setup, sam_rho=0.5, max_steps=1, schedule="constant")
    model = setup.model
    before = [p.detach().clone() for p in model.parameters()]
    batch = next(iter(setup.train_data.batches(0)))

    def gradients(weights: list[torch.Tensor]) -> list[torch.Tensor]:
        with torch.no_grad():
            for p, w in zip(model.parameters(), weights, strict=True):
                p.copy_(w)
        loss = setup.task.loss(model(batch.inputs), batch.targets)
        return list(torch.autograd.grad(loss, list(model.parameters())))

    first = gradients(before)
    norm = torch.cat([g.flatten() for g in first]).norm()
    worst = [w + 0.5 * g / norm for w, g in zip(before, first, strict=True)]
    second = gradients(worst)
    gradients(before)

    Trainer(setup).run()

    decay = (1e-4, 0.0)  # the bias has none
    for p, w, g, d in zip(model.parameters(), before, second, decay, strict=True):
        torch.testing.assert_close(p.detach(), w - 0.05 * 0.1 * (g + d * w))


def test_micro_batches_do_not_change_sharpness_aware_steps(make_setup):
    together = linear_setup(make_setup, sam_rho=0.5)
    apart = linear_setup(make_setup, sam_rho=0.5, accumulate=3)
    for setup in (together, apart):
        Trainer(setup).run()
    for a, b in zip(together.model.parameters(), apart.model.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_the_second_pass_does_not_count_for_batch_norm(make_setup):
    plain, sharp = (make_setup(epochs=1, max_steps=1, sam_rho=rho) for rho in (None, 0.5))
    for setup in (plain, sharp):
        Trainer(setup).run()
    pairs = zip(plain.model.named_buffers(), sharp.model.named_buffers(), strict=True)
    assert all(torch.equal(a, b) for (_, a), (_, b) in pairs)


@pytest.mark.parametrize("momentum_of", ["averaged-momentum", "muon", "adam"])
def test_the_other_optimizers_learn(make_setup, momentum_of):
    lr = {"averaged-momentum": 0.5, "muon": 0.01, "adam": 0.01}[momentum_of]
    setup = make_setup(epochs=6, optimizer=momentum_of, lr=lr)
    outcome = Trainer(setup).run()
    assert outcome.values["val/accuracy"] > 0.7


def equally_averaged(make_setup: Any, **settings: Any) -> tuple[Any, Trainer]:
    settings = {"epochs": 4, "average": "swa", "swa_start": 0.5, **settings}
    setup = make_setup(**settings)
    trainer = Trainer(setup)
    trainer.run()
    return setup, trainer


def test_the_equal_average_is_the_mean_of_the_weights_at_the_ends_of_epochs(make_setup):
    setup, trainer = equally_averaged(make_setup)
    ends = []
    for epochs in (3, 4):
        other = make_setup(epochs=4)
        steps = epochs * other.train_data.num_batches
        other = replace(other, total_steps=steps)
        Trainer(other).run()
        ends.append([p.detach().clone() for p in other.model.parameters()])
    with trainer._step.average.swapped():
        for p, a, b in zip(setup.model.parameters(), *ends, strict=True):
            torch.testing.assert_close(p.detach(), (a + b) / 2)


def test_the_statistics_of_the_equal_average_are_those_of_the_training_data(make_setup):
    setup, trainer = equally_averaged(make_setup)
    conv, norm = setup.model[1][0], setup.model[1][1]
    trained = norm.running_mean.clone()
    with trainer._step.average.swapped():
        inputs = torch.cat([b.inputs for b in setup.train_data.batches(4)]).float() / 255
        outputs = conv(inputs).detach()
        torch.testing.assert_close(norm.running_mean, outputs.mean((0, 2, 3)))
        torch.testing.assert_close(norm.running_var, outputs.var((0, 2, 3)))
    assert not torch.allclose(trained, outputs.mean((0, 2, 3)))


def test_measuring_its_statistics_leaves_the_training_as_it_is(make_setup):
    setup, _ = equally_averaged(make_setup)
    plain = make_setup(epochs=4)
    Trainer(plain).run()
    pairs = zip(setup.model.parameters(), plain.model.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_a_frozen_norm_keeps_its_statistics_in_the_equal_average(make_setup):
    setup = make_setup(epochs=4, average="swa", swa_start=0.5)
    norm = setup.model[1][1]
    norm.requires_grad_(False)
    norm.running_mean.fill_(3.0)
    trainer = Trainer(setup)
    trainer.run()
    with trainer._step.average.swapped():
        assert torch.equal(norm.running_mean, torch.full((4,), 3.0))


def test_an_average_is_chosen_by_its_decay(make_setup):
    assert Trainer(make_setup(ema_decay=0.9))._step.average.decay == 0.9
    assert Trainer(make_setup(average="ema"))._step.average.decay == 0.999
    assert Trainer(make_setup())._step.average is None


def test_a_decay_without_its_average_is_refused(make_setup):
    with pytest.raises(RecipeError, match=r'ema_decay=0\.9 is for training.average="ema"'):
        Trainer(make_setup(ema_decay=0.9, average="swa"))


def test_a_mode_of_clipping_without_its_norm_is_refused(make_setup):
    with pytest.raises(RecipeError, match='clip_mode="normalize" needs a norm'):
        Trainer(make_setup(clip_mode="normalize"))


def test_the_trainer_is_the_loop_of_the_lecture(make_setup):
    """Sample a batch, compute its mean loss, its gradient, and step against it."""
    ours, plain = (linear_setup(make_setup) for _ in range(2))
    optimizer = build_optimizer(ours.model, name="sgd", lr=0.05, momentum=0.0)
    Trainer(replace(ours, optimizer=optimizer, schedule=Constant())).run()

    weights = list(plain.model.parameters())
    for batch in plain.train_data.batches(0):
        losses = F.cross_entropy(plain.model(batch.inputs), batch.targets, reduction="none")
        (losses.sum() / len(losses)).backward()
        with torch.no_grad():
            for w in weights:
                w += -0.05 * w.grad
                w.grad = None

    for a, b in zip(ours.model.parameters(), weights, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


def test_techniques_go_together_with_a_loss_scaler(make_setup):
    settings = {"clip_mode": "percentile", "l2": 1e-3, "sam_rho": 0.05, "average": "swa"}
    setup = make_setup(epochs=8, precision="fp16", **settings)

    outcome = Trainer(setup).run()

    assert outcome.values["val/accuracy"] > 0.7
