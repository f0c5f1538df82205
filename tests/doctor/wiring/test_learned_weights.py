import pytest
import torch
import torch.nn.functional as F
from torch import nn

from headway.doctor.probes.learned import looks_learned, same_for_all_seeds

INITIALIZERS = {
    "default": lambda w: nn.init.kaiming_uniform_(w, a=5**0.5),
    "He": nn.init.kaiming_normal_,
    "Xavier": nn.init.xavier_uniform_,
    "orthogonal": nn.init.orthogonal_,
    "truncated": lambda w: nn.init.trunc_normal_(w, std=0.02),
    "constant": lambda w: nn.init.constant_(w, 0.1),
}


@pytest.mark.parametrize("shape", [(32, 16), (128, 784), (64, 32, 3, 3)], ids=str)
@pytest.mark.parametrize("initialize", INITIALIZERS.values(), ids=INITIALIZERS.keys())
def test_initial_weights_do_not_look_learned(initialize, shape):
    for seed in range(5):
        torch.manual_seed(seed)
        assert not looks_learned(initialize(torch.empty(shape)))


OPTIMIZERS = {
    "Adam": lambda parameters: torch.optim.Adam(parameters),
    "SGD": lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_a_trained_network_has_a_weight_that_looks_learned(clusters, optimizer):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 4)
    )
    made = optimizer(model.parameters())
    inputs, targets = clusters(512)
    for _ in range(200):
        chosen = torch.randint(512, (32,))
        made.zero_grad()
        F.cross_entropy(model(inputs[chosen]), targets[chosen]).backward()
        made.step()
    assert any(looks_learned(weight) for weight in model.parameters())


def test_weights_that_no_seed_changes_are_told_from_constants():
    def made(seed):
        torch.manual_seed(0)
        body = nn.Linear(4, 4)
        torch.manual_seed(seed)
        return nn.Sequential(body, nn.LayerNorm(4), nn.Linear(4, 4))

    assert same_for_all_seeds(made(1), made(2)) == {"0.weight", "0.bias"}
    assert same_for_all_seeds(made(1), made(1)) is None
