"""Models without a network, fitted in a moment: linear ones, neighbors, components."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_NEIGHBORS = 5


def standardized(train: Tensor, val: Tensor) -> tuple[Tensor, Tensor]:
    """Return both with the columns of the first at mean 0 and deviation 1."""
    mean, std = train.mean(dim=0), train.std(dim=0)
    # Rounding makes a constant column vary by about 1e-7 of itself.
    is_constant = std <= 1e-6 * mean.abs() + 1e-30
    std = torch.where(is_constant, torch.ones_like(std), std)
    # A column that is constant here may be large elsewhere; it says nothing.
    scale = torch.where(is_constant, torch.zeros_like(std), 1 / std)
    return (train - mean) * scale, ((val - mean) * scale).clamp(-10, 10)


def logistic(features: Tensor, labels: Tensor, other: Tensor) -> Tensor:
    """Return the classes that multinomial logistic regression says of `other`."""
    count = int(labels.max()) + 1
    weight = torch.zeros(features.shape[1], count, requires_grad=True)
    bias = torch.zeros(count, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weight, bias], max_iter=40, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(features @ weight + bias, labels)
        loss = loss + 0.005 * weight.square().sum()
        loss.backward()
        return loss

    step: Callable[..., Any] = optimizer.step
    with torch.enable_grad():
        step(closure)
    return (other @ weight + bias).detach().argmax(dim=1)


def ridge(features: Tensor, answers: Tensor, other: Tensor) -> Tensor:
    """Return what ridge regression says of `other`, with a penalty of 1 % of the samples."""
    mean = answers.mean(dim=0)
    penalty = 0.01 * len(features)
    if features.shape[1] <= len(features):
        gram = features.T @ features
        gram.diagonal().add_(penalty)
        weight = torch.linalg.solve(gram, features.T @ (answers - mean))
    else:
        gram = features @ features.T
        gram.diagonal().add_(penalty)
        weight = features.T @ torch.linalg.solve(gram, answers - mean)
    return other @ weight + mean


def nearest(features: Tensor, other: Tensor) -> Tensor:
    """Return the numbers of the rows that are nearest to each of `other`."""
    count = min(_NEIGHBORS, len(features))
    return torch.cdist(other, features).topk(count, largest=False).indices


def vote(features: Tensor, labels: Tensor, other: Tensor, num_classes: int) -> Tensor:
    """Return the classes that most of the nearest rows have."""
    votes = torch.nn.functional.one_hot(labels[nearest(features, other)], num_classes)
    return votes.sum(dim=1).argmax(dim=1)


def two_components(train: Tensor, val: Tensor) -> Tensor:
    """Return `val` as its two main components tell it: what a narrow autoencoder knows."""
    mean = train.mean(dim=0)
    axes = torch.pca_lowrank(train - mean, q=min(2, *train.shape), center=False)[2]
    return (val - mean) @ axes @ axes.T + mean
