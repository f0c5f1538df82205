"""What a hand-written loss is about, told from its values for made-up answers."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from headway.doctor.examples import take
from headway.doctor.program import first_tensor, main_output, num_in, with_main

# Samples of which a loss is asked what it wants.
_SAMPLES = 64
# Answers that descend a loss reach this share of what the targets themselves have in it.
_REACHED = 0.05
# They are far from the targets where they leave so much of their variance.
_FAR = 0.5
# A loss that falls by so much more than it was has no end.
_WILD = 1e4
# Correlation of the ranks from which on answers rise with the targets.
_ALIKE = 0.9
_CANNOT = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError)


def compares_samples(loss_fn: Any, output: Tensor, target: Tensor) -> bool:
    """Return whether a hand-written loss reads ids as who belongs together.

    Contrastive losses do. It then does not matter which output stands for which class, but
    which samples share one.
    """
    if output.dim() != 2 or target.dim() != 1 or len(target) != len(output):
        return False
    if int(target.min()) < 0:
        return False
    generator = torch.Generator().manual_seed(0)
    centers = torch.randn(int(target.max()) + 1, output.shape[1], generator=generator)
    answer = centers.to(output)[target.to(output.device).long()]
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            given = loss_fn(answer, target).mean()
            rolled = loss_fn(answer.roll(1, dims=1), target).mean()
            strange = loss_fn(answer, target.roll(1)).mean()
            # Own exponentials overflow, and are then the same whatever they are given.
            is_same = bool(given.isfinite() & torch.isclose(given, rolled, rtol=1e-4))
            return is_same and not bool(torch.isclose(given, strange, rtol=1e-4))
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError):
        return False


def is_distance(
    loss_fn: Any, output: Tensor, target: Tensor, levels: tuple[float, float]
) -> bool:
    """Return whether a loss likes the targets themselves better than surer answers."""
    middle = sum(levels) / 2
    exact = target.to(output.dtype).reshape(output.shape)
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            near = loss_fn(exact, target)
            far = loss_fn(middle + (exact - middle) * 7, target)
            return bool(near.mean() < far.mean())
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError):
        return False


def is_reversed(
    loss_fn: Any, output: Tensor, target: Tensor, levels: tuple[float, float]
) -> bool:
    """Return whether small answers mean yes, as where the answer is a distance.

    The loss of the opposite answers is smaller then and never below 0, which tells it from a
    loss with the wrong sign.
    """
    middle = sum(levels) / 2
    exact = target.to(output.dtype).reshape(output.shape)
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for far in (1, 9):
                given = loss_fn(middle + (exact - middle) * far, target).mean()
                opposite = loss_fn(middle - (exact - middle) * far, target).mean()
                if not 0 <= opposite < given:
                    return False
            return True
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError):
        return False


def asks_other_values(loss_fn: Any, outputs: Any, targets: Any) -> bool:
    """Return whether a loss wants the targets on another scale than they are written in.

    One that takes their logarithm or standardizes them does: the answers it likes best rise
    with the targets and are far from them. Of several outputs for one value, such as the
    weights of a mixture, none may be meant to be near to it.
    """
    try:
        count = min(_SAMPLES, num_in(targets), len(main_output(outputs)))
        outputs, targets = (take(v, torch.arange(count)) for v in (outputs, targets))
        given, truth = main_output(outputs), first_tensor(targets).detach()
        is_row = given.dim() == 2 and given.shape[1] > 1 and len(given) == truth.numel()
        if count < 3 or not (is_row or given.numel() == truth.numel()):
            return False
        truth = truth.to(given.dtype)
        # What is not known is NaN, and left out by the loss.
        truth = truth.nan_to_num(nan=float(truth.nanmean()))
        exact = truth.reshape(-1, 1) if is_row else truth.reshape(given.shape)
        exact = exact.expand(given.shape)

        def ask(answer: Tensor) -> Tensor:
            return torch.as_tensor(loss_fn(with_main(outputs, answer), targets)).mean()

        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(0)
            if _is_least(ask, exact):
                return False
            if not is_row:
                return _is_another_scale(ask, exact)
            return _is_no_column(ask, exact, is_one_part=not isinstance(outputs, Tensor))
    except _CANNOT:
        return False


def _is_least(ask: Callable[[Tensor], Tensor], exact: Tensor) -> bool:
    """Whether no answer near these, larger, smaller or moved, has a smaller loss."""
    with torch.no_grad():
        mean, std = exact.mean(dim=0), exact.std()
        given = float(ask(exact))
        others = [mean + share * (exact - mean) for share in (0.5, 2.0)]
        others += [exact + share * std for share in (-0.5, 0.5)]
        losses = [float(ask(other)) for other in others]
        # One that is the same for all says nothing.
        is_same = all(loss == given for loss in losses)
        return math.isfinite(given) and not is_same and not min(losses) < given


def _is_another_scale(ask: Callable[[Tensor], Tensor], exact: Tensor) -> bool:
    """Whether what a loss likes best rises with the targets, but does not equal them."""
    answer = _wanted(ask, exact)
    with torch.no_grad():
        given, least = float(ask(exact)), float(ask(answer))
        is_better = not given <= least and math.isfinite(least)
        is_far = _rest(answer, exact) > _FAR and not _is_shrunk(answer, exact)
        is_other = is_far or 0 <= least < _REACHED * given
        return is_better and is_other and _ranks_alike(answer, exact)


def _is_no_column(
    ask: Callable[[Tensor], Tensor], exact: Tensor, *, is_one_part: bool
) -> bool:
    """Whether none of several outputs for one value is wanted to be near to it.

    Args:
        ask: The loss of answers.
        exact: The value as each of the outputs.
        is_one_part: Whether the network has other outputs, which bound what these may be.
    """
    answer = _wanted(ask, exact)
    with torch.no_grad():
        least, even = float(ask(answer)), float(ask(0 * answer))
        # A loss with the wrong sign has no least value.
        is_told = -_WILD * (1 + abs(even)) < least < even
        is_told = is_told or (is_one_part and not least >= even)
        columns = zip(answer.unbind(dim=1), exact.unbind(dim=1), strict=True)
        return is_told and not any(_rest(one, truth) <= _FAR for one, truth in columns)


def _rest(answer: Tensor, exact: Tensor) -> float:
    """Return the share of the variance of targets that answers leave."""
    left = (answer - exact).square().sum()
    return float(left / (exact - exact.mean(dim=0)).square().sum())


def _wanted(ask: Callable[[Tensor], Tensor], exact: Tensor) -> Tensor:
    """Return answers that descend the loss on their own."""
    wanted = (0.1 * torch.randn_like(exact)).requires_grad_()
    optimizer = torch.optim.LBFGS([wanted], max_iter=60, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = ask(wanted)
        loss.backward()
        return loss

    step: Callable[..., Any] = optimizer.step
    with torch.enable_grad():
        step(closure)
    return wanted.detach()


def _is_shrunk(answer: Tensor, exact: Tensor) -> bool:
    """Whether answers are a share of the targets, as a penalty on their size leaves them."""
    share = (answer * exact).sum() / exact.square().sum()
    rest = (answer - share * exact).norm() / answer.norm()
    return bool((share < 1) & (rest < _REACHED))


def _ranks_alike(answer: Tensor, exact: Tensor) -> bool:
    """Whether each column of answers is nearly in the order of the targets."""
    columns = (t.reshape(len(t), -1).T.contiguous().double() for t in (answer, exact))
    ranks = [_ranks(column) for column in columns]
    first, second = (r - r.mean(dim=1, keepdim=True) for r in ranks)
    together = (first * second).sum(dim=1) / (first.norm(dim=1) * second.norm(dim=1))
    return bool((together > _ALIKE).all())


def _ranks(rows: Tensor) -> Tensor:
    """Return the place of each number in its row; equal ones share theirs."""
    in_order = rows.sort(dim=1).values
    sides = (torch.searchsorted(in_order, rows, right=right) for right in (False, True))
    return sum(sides, torch.zeros_like(rows)) / 2
