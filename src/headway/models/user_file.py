"""Models that a function of the user's own Python file builds: FILE.py:FUNCTION."""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from headway.errors import ModelError
from headway.models.check import check_model
from headway.models.family import Family, ModelCard
from headway.models.options import refuse_unknown_options
from headway.models.user_code import UserFunction


def _build(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    user = UserFunction(name, "model", "build_model", ModelError)
    user.check_file()
    with user.importable():
        function = user.load()
        offered = {**options, "input_shape": input_shape, "num_outputs": num_outputs}
        arguments = _arguments(name, function, offered, options)
        with user.blamed(f"function {user.function_name!r} failed"):
            model = function(**arguments)
    if not isinstance(model, nn.Module):
        raise ModelError(
            f"function {user.function_name!r} of {user.path} returned an object of type "
            f"{type(model).__name__}; expected a torch.nn.Module"
        )
    _check(model, user, input_shape=input_shape, num_outputs=num_outputs)
    return model


def _arguments(
    name: str,
    function: Callable[..., Any],
    offered: Mapping[str, Any],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the part of `offered` that the signature of `function` takes."""
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return dict(offered)
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    own = [p.name for p in named if p.name not in ("input_shape", "num_outputs")]
    refuse_unknown_options(name, options, own)
    for parameter in named:
        if parameter.default is parameter.empty and parameter.name not in offered:
            raise ModelError(
                f"model {name!r} needs a value for its parameter {parameter.name!r}; give "
                "it as an option of the model, or give the parameter a default"
            )
    return {p.name: offered[p.name] for p in named if p.name in offered}


def _check(
    model: nn.Module, user: UserFunction, *, input_shape: tuple[int, ...], num_outputs: int
) -> None:
    try:
        check_model(model, input_shape, num_outputs, name=user.name)
    except ModelError as error:
        cause = error.__cause__
        where = user.line_of(cause) if cause is not None else ""
        raise ModelError(f"{error}{where and f' ({where})'}") from cause


FAMILY = Family(
    card=ModelCard(
        name="my_model.py:build_model",
        family="FILE.py:FUNCTION",
        description=(
            "Your own model: FUNCTION of FILE.py returns a torch.nn.Module. It is called "
            "with those of input_shape, num_outputs and the model's options that it has "
            "parameters for."
        ),
        reference="",
        options={},
    ),
    pattern=re.compile(r".+\.py(:.*)?"),
    build=_build,
    input_kinds=("image", "tabular", "sequence"),
)
