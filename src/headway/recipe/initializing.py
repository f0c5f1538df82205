"""Other first weights for a network than those that it comes with."""

from torch import Tensor, nn

from headway.data import TrainingData
from headway.errors import RecipeError
from headway.nn import initialize_, krahenbuhl_, lsuv_
from headway.recipe.tree import Model

_BY_DATA = {"lsuv": lsuv_, "krahenbuhl": krahenbuhl_}


def check_start(chosen: Model) -> None:
    """Raise a RecipeError if `chosen` names two starts for the same weights."""
    if chosen.initialization != "auto" and chosen.init_from is not None:
        raise RecipeError(
            f"model.initialization = {chosen.initialization!r} and model.init_from both say "
            "how the weights start: leave one of them out"
        )


def initialize_model_(model: nn.Module, chosen: Model, data: TrainingData) -> str:
    """Draw the weights anew as `chosen` says, in place, and return what was done.

    Args:
        model: Network on the device on which it trains.
        chosen: What was asked for; its initialization is not "auto".
        data: Gives the batch that "lsuv" and "krahenbuhl" look at.

    Raises:
        RecipeError: If the network cannot start so.
    """
    scheme = chosen.initialization
    assert scheme != "auto"
    try:
        if scheme in ("lsuv", "krahenbuhl"):
            _BY_DATA[scheme](model, _first_inputs(data, scheme))
        else:
            initialize_(model, scheme)
    except ValueError as error:
        raise RecipeError(f"model.initialization = {scheme!r}: {error}") from error
    return f"the weights of linear and convolutional layers start by {scheme}"


def _first_inputs(data: TrainingData, scheme: str) -> Tensor:
    inputs = next(iter(data.batches(0))).inputs
    if not isinstance(inputs, Tensor):
        raise RecipeError(
            f"model.initialization = {scheme!r} needs inputs that are one tensor, got "
            f"{type(inputs).__name__}: take another scheme"
        )
    return inputs
