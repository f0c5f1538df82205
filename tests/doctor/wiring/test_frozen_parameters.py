import copy

import torch
import torch.nn.functional as F
from torch import nn


def test_an_optimizer_over_a_copy_is_found(program_of, findings):
    def optimizer(model):
        return torch.optim.Adam(copy.deepcopy(model).parameters())

    first = findings(program_of(optimizer=optimizer))[0]
    assert (first.cause, first.is_certain) == ("frozen_parameters", True)
    assert "of a copy" in first.evidence


def test_a_head_that_was_replaced_after_the_optimizer_is_named(program_of, findings):
    def optimizer(model):
        made = torch.optim.Adam(model.parameters())
        model.head = nn.Linear(32, 4)
        return made

    first = findings(program_of(optimizer=optimizer))[0]
    assert (first.cause, first.layer) == ("frozen_parameters", "head")


def test_layers_that_the_optimizer_does_not_hold_are_found(program_of, findings):
    def optimizer(model):
        return torch.optim.Adam(model.head.parameters())

    first = findings(program_of(optimizer=optimizer))[0]
    assert (first.cause, first.is_certain) == ("frozen_parameters", True)


def test_layers_in_a_plain_list_are_found(program_of, findings, network):
    class Listed(network):
        def __init__(self):
            super().__init__()
            self.hidden = [nn.Linear(16, 16)]

        def forward(self, x):
            return super().forward(torch.relu(self.hidden[0](x)))

    first = findings(program_of(Listed))[0]
    assert first.cause == "frozen_parameters"
    assert "ModuleList" in first.remedy


def test_a_model_that_is_all_frozen_is_found(program_of, findings, network):
    first = findings(program_of(lambda: network().requires_grad_(False)))[0]
    assert (first.cause, first.is_certain) == ("frozen_parameters", True)


def test_random_weights_that_do_not_learn_are_found(program_of, findings, network):
    def model():
        made = network()
        made.first.requires_grad_(False)
        return made

    first = findings(program_of(model))[0]
    assert (first.cause, first.layer, first.is_certain) == (
        "frozen_parameters",
        "first",
        False,
    )


def test_weights_that_were_trained_before_may_stay(program_of, findings, network, clusters):
    def model():
        made = network()
        inputs, targets = clusters()
        optimizer = torch.optim.Adam(made.parameters(), lr=3e-3)
        for _ in range(100):
            optimizer.zero_grad()
            F.cross_entropy(made(inputs), targets).backward()
            optimizer.step()
        made.first.requires_grad_(False)
        made.second.requires_grad_(False)
        made.head = nn.Linear(32, 4)
        return made

    assert findings(program_of(model)) == []


def test_a_group_without_a_learning_rate_is_found(program_of, findings):
    def optimizer(model):
        still = {"params": model.first.parameters(), "lr": 0.0}
        rest = [*model.second.parameters(), *model.head.parameters()]
        return torch.optim.Adam([still, {"params": rest}])

    first = findings(program_of(optimizer=optimizer))[0]
    assert (first.cause, first.layer) == ("frozen_parameters", "first")
