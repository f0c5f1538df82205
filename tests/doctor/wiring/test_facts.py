"""What the probe of the updates counts and sees."""

import pytest
import torch
from torch import nn

from headway.doctor.checks.regularization import check_regularization
from headway.doctor.evidence import Budget
from headway.doctor.examples import Examples
from headway.doctor.probes.baselines import probe_baselines
from headway.doctor.probes.batch_order import order_facts
from headway.doctor.probes.sensitivity import changes_loss
from headway.doctor.task import TaskFacts
from headway.doctor.training import train


def test_the_first_updates_are_those_of_an_unwatched_training(program_of, watched):
    model = program_of()(0)
    course = train(model, max_steps=5, evaluations=1)
    losses = [update.loss for update in watched(program_of()).updates]
    assert losses == course.losses


def test_gradients_and_steps_are_counted(program_of, watched):
    updates = watched(program_of())
    assert [u.optimizer_steps for u in updates.updates] == [1] * 5
    assert {(p.reached, p.nonzero, p.used, p.stale) for p in updates.parameters} == {
        (5, 5, 5, 0)
    }
    assert all(p.is_held and p.has_moved for p in updates.parameters)


def test_the_norm_of_the_gradient_is_that_of_autograd(program_of, watched):
    program = program_of(shuffle=False)(0)
    inputs, targets = next(program.train.batches())
    loss = program.loss_fn(program.model(inputs), targets)
    grads = torch.autograd.grad(loss, list(program.model.parameters()))
    expected = torch.stack([g.square().sum() for g in grads]).sum().sqrt()
    first = watched(program_of(shuffle=False)).updates[0]
    assert first.grad_norm == pytest.approx(float(expected), rel=1e-5)
    assert first.used_grad_norm == pytest.approx(float(expected), rel=1e-5)


def test_descent_has_a_cosine_of_minus_one(program_of, watched):
    def sgd(model):
        return torch.optim.SGD(model.parameters(), lr=0.1)

    for parameter in watched(program_of(optimizer=sgd)).parameters:
        assert parameter.ascent == pytest.approx(-1, abs=1e-3)


@pytest.mark.parametrize("shuffle", [True, False])
def test_a_repeated_order_is_seen(program_of, watched, shuffle):
    order = watched(program_of(shuffle=shuffle)).order
    assert order.is_same_again is not shuffle
    assert order.distinct == len(order.batch_sizes) == 8
    assert order.is_whole


def test_a_module_that_takes_no_hooks_is_watched_from_outside(program_of, watched, network):
    class Closed(network):
        def register_forward_pre_hook(self, *_, **__):
            raise RuntimeError("register_forward_pre_hook is not supported")

    updates = watched(program_of(Closed))
    assert [u.optimizer_steps for u in updates.updates] == [1] * 5
    assert all(p.used == 5 for p in updates.parameters)


def test_only_what_the_gradient_does_not_say_counts_as_cut(program_of, network):
    for between, expected in ((torch.relu, [False, False]), (torch.detach, [True, False])):
        program = program_of(lambda between=between: network(between))(0)
        batch = next(program.train.batches())
        groups = [
            [*program.model.first.parameters()],
            [*program.model.second.parameters()],
        ]
        assert changes_loss(program, batch, groups) == expected


def test_lazy_layers_get_their_shapes_first(program_of, watched):
    def lazy():
        return nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.Linear(8, 4))

    names = {p.name for p in watched(program_of(lazy)).parameters}
    assert names == {"0.weight", "0.bias", "2.weight", "2.bias"}


def test_values_in_their_order_are_sorted():
    values = torch.linspace(0, 1, 256)[:, None]
    examples = Examples(source=(values, values), shuffle=False)
    facts = order_facts(examples, TaskFacts(kind="values"), 1.0)
    assert facts.trend == pytest.approx(1)
    assert facts.between > 0.9


def test_values_of_a_wave_are_not_sorted():
    values = torch.sin(torch.arange(256) * 0.4)[:, None]
    examples = Examples(source=(values, values), shuffle=False)
    facts = order_facts(examples, TaskFacts(kind="values"), 1.0)
    assert facts.between < 0.2


def test_an_absurd_setting_is_a_warning_where_the_program_learns(program_of, examined):
    make = program_of(loss_fn=lambda: nn.CrossEntropyLoss(label_smoothing=0.95), epochs=20)
    evidence = examined(make)
    (before,) = check_regularization(evidence)
    evidence.baselines = probe_baselines(evidence, Budget())
    evidence.course = train(make(0))
    (after,) = check_regularization(evidence)
    assert (before.severity, before.is_certain) == ("error", False)
    assert (after.severity, after.is_certain) == ("warning", True)


def test_batches_that_are_cut_are_compared_with_all_samples():
    ids = torch.arange(256) // 128
    examples = Examples(source=(ids[:, None], ids), batch_size=64)
    cut = examples.mapped(lambda x, y: (x[:16], y[:16]))
    task = TaskFacts(kind="classes", num_classes=2, encoding="ids")
    torch.manual_seed(0)
    facts = order_facts(cut, task, 1.0, whole=examples)
    assert facts.batch_sizes == (16, 16, 16, 16)
    assert facts.block_share < 0.2
    assert facts.chance_purity < 0.7
