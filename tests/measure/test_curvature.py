"""Singular values and eigenvalues next to those of dense matrices."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from headway.measure import jacobian_singular_values, largest_hessian_eigenvalue


def test_singular_values_of_a_linear_map_are_those_of_its_matrix() -> None:
    matrix = torch.diag(torch.tensor([4.0, -2.0, 0.5], dtype=torch.float64))
    turn = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64)).Q
    found = jacobian_singular_values(
        lambda x: x @ (turn @ matrix), torch.randn(2, 3, dtype=torch.float64), count=3
    )
    expected = torch.tensor([4.0, 2.0, 0.5], dtype=torch.float64)
    torch.testing.assert_close(found, expected.expand(2, 3), rtol=1e-4, atol=1e-6)


def test_each_sample_has_its_own_singular_value() -> None:
    x = torch.tensor([[1.0], [3.0], [0.0]], dtype=torch.float64)
    found = jacobian_singular_values(lambda x: x**2, x)
    assert found.flatten().tolist() == pytest.approx([2.0, 6.0, 0.0])


def test_singular_values_of_a_network_are_those_of_the_dense_jacobian() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 4)).double()
    x = torch.randn(3, 5, dtype=torch.float64)
    found = jacobian_singular_values(model, x, count=2, max_iterations=2000)
    for sample, values in zip(x, found, strict=True):
        jacobian = torch.func.jacrev(model)(sample)
        dense = torch.linalg.svdvals(jacobian)[:2]
        torch.testing.assert_close(values, dense, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("values", [[3.0, 1.0, 0.2], [-5.0, 2.0, 1.0]])
def test_the_eigenvalue_of_a_quadratic_is_the_one_of_largest_magnitude(
    values: list[float],
) -> None:
    turn = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64)).Q
    hessian = turn @ torch.diag(torch.tensor(values, dtype=torch.float64)) @ turn.T
    w = torch.randn(3, dtype=torch.float64, requires_grad=True)
    found = largest_hessian_eigenvalue(lambda: w @ hessian @ w / 2, [w])
    assert found == pytest.approx(values[0], rel=1e-4)
    assert w.grad is None


def test_the_eigenvalue_of_logistic_regression_has_its_closed_form() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(40, 3, dtype=torch.float64), torch.randint(0, 2, (40,)).double()
    w = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    found = largest_hessian_eigenvalue(
        lambda: F.binary_cross_entropy_with_logits(x @ w, y), [w], max_iterations=1000
    )
    # At w = 0 every probability is 1/2: the Hessian is X^T X / (4 n).
    closed = torch.linalg.eigvalsh(x.T @ x)[-1] / 160
    assert found == pytest.approx(float(closed), rel=1e-3)


def test_a_linear_loss_has_no_curvature() -> None:
    w = torch.ones(3, requires_grad=True)
    assert largest_hessian_eigenvalue(lambda: w.sum(), [w]) == 0.0
