"""Find a lottery ticket: train, prune the smallest weights, rewind the rest, and repeat.

The sparse network trains from its own first weights about as well as the whole one, and
better than from fresh weights under the same masks. Run it with:
python examples/lottery_ticket.py

Reference: Frankle and Carbin, "The Lottery Ticket Hypothesis", 2019. arXiv:1803.03635.
"""

import copy

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor, nn

from headway.nn import initialize_, prune_, rewind_, sparsity

ROUNDS, STEPS, FRACTION = 5, 150, 0.5


def load_parts() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return handwritten digits as features in 0..1 and classes, to train and to test."""
    features, classes = load_digits(return_X_y=True)
    x: Tensor = torch.from_numpy(features).float() / 16
    y: Tensor = torch.from_numpy(classes).long()
    is_test = torch.arange(len(y)) % 3 == 0
    return x[~is_test], y[~is_test], x[is_test], y[is_test]


def train(model: nn.Module, data: tuple[Tensor, Tensor, Tensor, Tensor]) -> float:
    """Train for a fixed number of steps and return the test accuracy."""
    x, y, test_x, test_y = data
    optimizer = torch.optim.Adam(model.parameters(), lr=1.2e-3)
    order = torch.Generator().manual_seed(0)
    for _ in range(STEPS):
        rows = torch.randint(len(x), (60,), generator=order)
        optimizer.zero_grad()
        F.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    return (model(test_x).argmax(dim=1) == test_y).float().mean().item()


def fresh_state(model: nn.Module) -> dict[str, Tensor]:
    """Return other first weights for the same network."""
    return initialize_(copy.deepcopy(model)).state_dict()


def main() -> None:
    """Prune in rounds, and compare the ticket with fresh weights under its masks."""
    torch.manual_seed(0)
    data = load_parts()
    layers = (
        nn.Linear(64, 300),
        nn.ReLU(),
        nn.Linear(300, 100),
        nn.ReLU(),
        nn.Linear(100, 10),
    )
    model = initialize_(nn.Sequential(*layers))
    start = copy.deepcopy(model.state_dict())
    other = fresh_state(model)
    print(f"weights left 100.0%  accuracy {train(model, data):.3f}")
    for _ in range(ROUNDS):
        prune_(model, FRACTION)
        control = train(rewind_(copy.deepcopy(model), other), data)
        ticket = train(rewind_(model, start), data)
        left = 1 - sparsity(model)
        print(f"weights left {left:6.1%}  ticket {ticket:.3f}  fresh weights {control:.3f}")


if __name__ == "__main__":
    main()
