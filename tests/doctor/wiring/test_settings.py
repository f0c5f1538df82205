"""Settings of layers, loss and optimizer that no program means."""

import pytest
import torch
from torch import nn

from headway.doctor.checks.normalization import check_normalization
from headway.doctor.checks.optimizer import check_optimizer
from headway.doctor.remedies.propose import propose
from headway.doctor.remedies.wiring import UsualStep


def normed(**settings):
    return nn.Sequential(
        nn.Linear(16, 32), nn.BatchNorm1d(32, **settings), nn.ReLU(), nn.Linear(32, 4)
    )


def partly_evaluating():
    model = normed()
    model[1].eval()
    return model


NORMS = {
    "batch of two": {"model": normed, "batch_size": 2},
    "batch of one": {"model": normed, "batch_size": 1},
    "last batch of one": {"model": normed, "batch_size": 85},
    "momentum 0": {"model": lambda: normed(momentum=0.0)},
    "momentum 1": {"model": lambda: normed(momentum=1.0)},
    "momentum .0001": {"model": lambda: normed(momentum=1e-4)},
    "only the norm in evaluation mode": {"model": partly_evaluating},
}


@pytest.mark.parametrize("parts", NORMS.values(), ids=NORMS.keys())
def test_a_faulty_batch_norm_is_found(program_of, findings, parts):
    assert findings(program_of(**parts))[0].cause == "normalization"


def test_a_bias_before_batch_norm_is_only_told(program_of, examined):
    (only,) = check_normalization(examined(program_of(normed)))
    assert (only.severity, only.layer) == ("info", "0")


def mlp(*parts):
    return nn.Sequential(nn.Linear(16, 32), nn.ReLU(), *parts)


def sgd(**settings):
    return lambda model: torch.optim.SGD(model.parameters(), lr=0.1, **settings)


def adam(kind=torch.optim.Adam, lr=1e-2, **settings):
    return lambda model: kind(model.parameters(), lr=lr, **settings)


REGULARIZERS = {
    "dropout .95": {"model": lambda: mlp(nn.Dropout(0.95), nn.Linear(32, 4))},
    "dropout of logits": {"model": lambda: mlp(nn.Linear(32, 4), nn.Dropout(0.5))},
    "dropout of probabilities": {
        "model": lambda: mlp(nn.Linear(32, 4), nn.Dropout(0.5), nn.Softmax(dim=1))
    },
    "smoothing": {"loss_fn": lambda: nn.CrossEntropyLoss(label_smoothing=0.95)},
    "decay of SGD": {"optimizer": sgd(weight_decay=0.5)},
    "decay of Adam": {"optimizer": adam(weight_decay=1.0), "epochs": 20},
    "decay of Adam in a short training": {"optimizer": adam(weight_decay=1.0), "epochs": 8},
    "decay of AdamW": {"optimizer": adam(torch.optim.AdamW, weight_decay=20.0)},
}


@pytest.mark.parametrize("parts", REGULARIZERS.values(), ids=REGULARIZERS.keys())
def test_too_strong_a_regularizer_is_found(program_of, findings, parts):
    assert findings(program_of(**parts))[0].cause == "regularization"


def test_dropout_before_the_last_layer_is_fine(program_of, findings):
    assert findings(program_of(lambda: mlp(nn.Dropout(0.5), nn.Linear(32, 4)))) == []


def by_hand(_):
    def step(model, optimizer, loss_fn, x, y):
        model.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.1 * parameter.grad
        return loss.detach()

    return step


def with_new(make, times=1):
    """Return what makes a step whose optimizer is made anew, and steps so many times."""

    def step(model, optimizer, loss_fn, x, y):
        fresh = make(model)
        for _ in range(times):
            fresh.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            fresh.step()
        return loss.detach()

    return lambda _: step


OPTIMIZERS = {
    "maximize": {"optimizer": adam(maximize=True)},
    "ascent by hand": {"step": by_hand},
    "momentum 1": {"optimizer": sgd(momentum=1.0)},
    "momentum .999": {"optimizer": sgd(momentum=0.999)},
    "swapped betas": {"optimizer": adam(betas=(0.999, 0.9))},
    "no memory of the scale": {"optimizer": adam(betas=(0.9, 0.1))},
    "eps 1": {"optimizer": adam(eps=1.0)},
    "a new one each time": {"step": with_new(adam())},
}


@pytest.mark.parametrize("parts", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_an_odd_optimizer_is_found(program_of, findings, parts):
    assert findings(program_of(**parts))[0].cause == "optimizer"


def new_ones(evidence):
    return [f for f in check_optimizer(evidence) if "optimizers step" in f.evidence]


@pytest.mark.parametrize("make", [adam(), sgd(momentum=0.9)], ids=["adam", "momentum"])
def test_a_memory_that_no_step_uses_is_certain(program_of, examined, make):
    (only,) = new_ones(examined(program_of(step=with_new(make))))
    assert (only.severity, only.is_certain) == ("error", True)


def test_what_is_used_within_an_update_may_be_meant(program_of, examined):
    (only,) = new_ones(examined(program_of(step=with_new(adam(), times=3))))
    assert not only.is_certain


def test_new_optimizers_that_keep_nothing_do_no_harm(program_of, examined):
    (only,) = new_ones(examined(program_of(step=with_new(sgd()))))
    assert only.severity == "info"


def test_the_remedy_of_new_optimizers_is_the_usual_step(program_of, examined):
    evidence = examined(program_of(step=with_new(sgd(momentum=0.9))))
    (only,) = new_ones(evidence)
    assert propose(only, evidence)[0] == UsualStep()


def test_a_learning_rate_of_zero_is_certain(program_of, findings):
    first = findings(program_of(optimizer=adam(lr=0.0)))[0]
    assert (first.cause, first.is_certain) == ("lr_low", True)


def rate_of_the_step(lr):
    """Return what makes a step that sets the rate itself, as loops of old do."""

    def make_step(_):
        def step(model, optimizer, loss_fn, x, y):
            for group in optimizer.param_groups:
                group["lr"] = lr
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()
            return loss.detach()

        return step

    return make_step


@pytest.mark.parametrize(("lr", "count"), [(1e-3, 0), (0.0, 1)])
def test_a_rate_of_zero_that_the_step_raises_is_none(program_of, examined, lr, count):
    make = program_of(optimizer=adam(lr=0.0), step=rate_of_the_step(lr))
    found = [f.cause for f in check_optimizer(examined(make))]
    assert found == ["lr_low"] * count
