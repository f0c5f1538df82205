"""Sees the functions that act as layers: activations, products with a parameter."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from headway.measure.activation_functions import PERHAPS, identify, known_name
from headway.measure.describe import (
    ATTENTION_FUNCTIONS,
    FUNCTIONS,
    NORM_FUNCTIONS,
    PASSING_FUNCTIONS,
)
from headway.measure.layer_numbers import LayerKind
from headway.measure.output_numbers import rms
from headway.measure.recorder import Owned, Recorder
from headway.measure.tensors import main_tensor, sample_of
from headway.measure.weight_numbers import WeightRecord, fans_of


class FunctionWatch(TorchFunctionMode):
    """Reports functions that act as layers to a recorder, and calls them as they are."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call a function and record it if it acts as a layer."""
        kwargs = kwargs or {}
        name = str(getattr(func, "__name__", ""))
        if not _is_layer(name) or not self._recorder.watches_functions:
            return func(*args, **kwargs)
        values = (*args, *kwargs.values())
        with self._recorder.busy():
            tensor = main_tensor(values)
            input_rms = None if tensor is None else rms(tensor)
            before = None if tensor is None else sample_of(tensor)
        result = func(*args, **kwargs)
        output = main_tensor(result)
        if output is not None:
            with self._recorder.busy():
                self._record(name, values, output, input_rms, before)
        return result

    def _record(
        self,
        name: str,
        values: tuple[Any, ...],
        output: Tensor,
        input_rms: float | None,
        before: Tensor | None,
    ) -> None:
        if name in FUNCTIONS:
            self._record_product(name, values, output, input_rms)
            return
        function, kind = _meaning(name, before, output)
        if function or kind != "activation":
            label = self._recorder.name_function(function or name)
            self._recorder.add(
                output,
                name=label,
                kind=kind,
                type_name=name,
                function=function,
                input_rms=input_rms,
            )

    def _record_product(
        self,
        name: str,
        values: tuple[Any, ...],
        output: Tensor,
        input_rms: float | None,
    ) -> None:
        kind, places, axis = FUNCTIONS[name]
        for place in places:
            operand = values[place] if place < len(values) else None
            if not isinstance(operand, Tensor) or operand.dim() < 2:
                continue
            owned = self._recorder.owner_of(operand)
            if owned is None:
                continue
            self._recorder.add(
                output,
                name=self._name_product(owned, name),
                kind=kind,
                type_name=name,
                axes=(-1, 0) if kind == "linear" else (1, 0),
                input_rms=input_rms,
                weight=self._weight(owned, operand, axis),
            )
            return

    def _name_product(self, owned: Owned, name: str) -> str:
        running = self._recorder.running()
        if running.described is not None and running.name:
            return running.name
        return owned.layer or self._recorder.name_function(name)

    def _weight(self, owned: Owned, operand: Tensor, axis: int) -> WeightRecord:
        known = self._recorder.known_weight(owned.parameter)
        if known is not None:
            return known
        parameter = owned.parameter
        axis = axis % operand.dim()
        fans = fans_of(tuple(operand.shape), axis if operand.dim() == 2 else 0)
        unit_axis = _axis_in_parameter(parameter, operand, axis)
        record = WeightRecord(
            name=owned.name,
            weight=parameter,
            bias=None,
            unit_axis=unit_axis,
            fans=fans,
        )
        return self._recorder.keep_weight(record)


def _is_layer(name: str) -> bool:
    return (
        name in FUNCTIONS
        or name in NORM_FUNCTIONS
        or name in ATTENTION_FUNCTIONS
        or name in PASSING_FUNCTIONS
        or bool(known_name(name))
    )


def _meaning(name: str, before: Tensor | None, output: Tensor) -> tuple[str, LayerKind]:
    """Return the activation function and the kind of what a function did."""
    if name in NORM_FUNCTIONS:
        return "", "norm"
    if name in ATTENTION_FUNCTIONS:
        return "", "attention"
    if name in PASSING_FUNCTIONS:
        return "", "other"
    function = known_name(name)
    if function not in PERHAPS:
        return function, "activation"
    after = sample_of(output)
    if before is None or before.shape != after.shape:
        return "", "activation"
    return identify(before, after), "activation"


def _axis_in_parameter(parameter: Tensor, operand: Tensor, axis: int) -> int | None:
    """Return where the units lie in a parameter whose view takes part in a product."""
    if operand.shape == parameter.shape and operand.stride() == parameter.stride():
        return axis
    is_transposed = operand.dim() == 2 and operand.stride() == parameter.stride()[::-1]
    return 1 - axis if is_transposed else None
