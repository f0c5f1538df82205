import pytest
import torch
from torch.autograd import gradcheck

from headway.nn import BatchNorm, Whitening, inverse_square_root

MIXING = torch.tensor([[2.0, 0.5, 0.0], [0.0, 1.0, -1.0], [0.3, 0.0, 3.0]])


def _correlated(count=200):
    torch.manual_seed(0)
    return (torch.randn(count, 3) @ MIXING + 5).double()


def test_outputs_of_a_batch_are_centered_and_uncorrelated():
    y = Whitening(3, eps=1e-12).double()(_correlated())
    torch.testing.assert_close(y.mean(0), torch.zeros(3).double(), atol=1e-9, rtol=0)
    torch.testing.assert_close(
        y.T.cov(correction=0), torch.eye(3).double(), atol=1e-9, rtol=0
    )


def test_it_is_the_symmetric_root_of_the_covariance():
    x = _correlated()
    centered = x - x.mean(0)
    y = Whitening(3, eps=0.1).double()(x)
    matrix = torch.linalg.lstsq(centered, y).solution
    torch.testing.assert_close(matrix, matrix.T)
    covariance = x.T.cov(correction=0) + 0.1 * torch.eye(3)
    torch.testing.assert_close(matrix @ covariance @ matrix, torch.eye(3).double())


def test_uncorrelated_features_come_out_as_from_batch_norm():
    x = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]).double()
    x = x * torch.tensor([3.0, 0.5]) + 7
    torch.testing.assert_close(
        Whitening(2, eps=0.01).double()(x),
        BatchNorm(2, eps=0.01, affine=False).double()(x),
    )


def test_evaluation_uses_the_population_after_fit():
    x = _correlated()
    layer = Whitening(3, eps=1e-9).double().eval().fit_(x)
    assert torch.equal(layer(x)[:5], layer(x[:5]))
    y = layer(x)
    torch.testing.assert_close(
        y.T.cov(correction=0), torch.eye(3).double(), atol=1e-6, rtol=0
    )


def test_training_moves_the_running_averages():
    x, layer = _correlated(), Whitening(3, momentum=0.1).double()
    layer(x)
    torch.testing.assert_close(layer.running_mean, 0.1 * x.mean(0))
    expected = 0.9 * torch.eye(3) + 0.1 * x.T.cov(correction=0)
    torch.testing.assert_close(layer.running_covariance, expected)


def test_a_batch_smaller_than_the_features_is_saved_by_eps():
    y = Whitening(8, eps=1e-3)(torch.randn(4, 8))
    assert y.isfinite().all()


def test_the_gradient_goes_through_the_statistics():
    x = _correlated(6).requires_grad_()
    assert gradcheck(Whitening(3).double(), (x,))


def test_the_gradient_in_evaluation_is_that_of_a_linear_map():
    x = _correlated(6).requires_grad_()
    assert gradcheck(Whitening(3).double().eval(), (x,))


@pytest.mark.parametrize(
    "matrix",
    [torch.eye(3), torch.diag(torch.tensor([1.0, 1.0, 4.0])), MIXING.T @ MIXING],
    ids=["all eigenvalues equal", "two equal", "different"],
)
def test_the_gradient_of_the_root_exists_for_equal_eigenvalues(matrix):
    def root_of_symmetric(a):
        return inverse_square_root((a + a.T) / 2)

    assert gradcheck(root_of_symmetric, (matrix.double().requires_grad_(),))


def test_the_root_squares_to_the_inverse():
    matrix = (MIXING.T @ MIXING).double()
    root = inverse_square_root(matrix)
    torch.testing.assert_close(root @ root @ matrix, torch.eye(3).double())


def test_autocast_does_not_touch_the_statistics():
    x = _correlated().float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = Whitening(3)(x)
    torch.testing.assert_close(y.T.cov(correction=0), torch.eye(3), atol=1e-4, rtol=0)
    assert Whitening(3)(x.bfloat16()).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_features": 0}, "num_features must be at least 1, got 0"),
        ({"num_features": 3, "eps": 0.0}, r"eps must be above 0.*got 0\.0"),
    ],
)
def test_a_bad_argument_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Whitening(**arguments)


def test_one_sample_is_refused():
    with pytest.raises(ValueError, match="at least 2 samples"):
        Whitening(3)(torch.ones(1, 3))
