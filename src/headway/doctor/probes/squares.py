"""Rows and columns of samples that torch broadcasts to a square which nobody meant."""

from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from headway.doctor.calls import DISTANCES, Call
from headway.doctor.probes.features import tensors_in
from headway.doctor.probes.loss_records import Accident

_LINEAR = frozenset({"add", "sub", "mul", "div"})
_POWERS = frozenset({"pow", "square", "abs"})
_VIEWS = frozenset({"unsqueeze", "getitem", "view", "reshape"})
_SAME = frozenset({"neg", "clone", "detach", "float", "double", "to", *_VIEWS})
_ENDS = frozenset({"mean", "sum"})


class Squares:
    """Follows squares of samples from where they are made to where they become a number.

    The mean of all products of a row and a column is the product of two means, and that of
    all differences the difference of two means: neither needs a square. The mean of all
    distances tells two sets apart, unless the column came as one: a comparison of all pairs
    makes its own column.

    Args:
        samples: In the batch.
    """

    def __init__(self, samples: int) -> None:
        self.accidents: list[Accident] = []
        self._samples = samples
        self._squares: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
        self._made: WeakTensorKeyDictionary = WeakTensorKeyDictionary()

    def see(self, call: Call) -> None:
        """Look at one call outside the model."""
        given = [tensor for tensor in call.tensors if tensor.dim()]
        known = [tensor for tensor in given if tensor in self._squares]
        results = list(tensors_in(call.result))
        if not given or not results:
            return
        if call.name in _VIEWS and given[0].dim() == 1 and self._is_column(results[0]):
            self._made[results[0]] = True
        if known:
            self._follow(call, known, given, results[0])
        elif call.name in _LINEAR | DISTANCES and len(given) == 2 and self._meet(given):
            self._begin(call, given, results[0])

    def _begin(self, call: Call, given: list[Tensor], result: Tensor) -> None:
        is_own = not any(tensor in self._made for tensor in given)
        shapes = tuple(given[0].shape), tuple(given[1].shape)
        if call.name not in DISTANCES:
            self._squares[result] = call.name, shapes, is_own
        elif is_own:
            self.accidents.append(Accident(op=call.name, shapes=shapes, end=call.name))

    def _follow(
        self, call: Call, known: list[Tensor], given: list[Tensor], result: Tensor
    ) -> None:
        op, shapes, is_own = self._squares[known[0]]
        others = [tensor for tensor in given if tensor not in self._squares]
        if any(tensor.numel() > self._samples for tensor in others):
            # A mask or a weight for each pair: they are meant.
            return
        if call.name in _LINEAR | _SAME or (call.name in _POWERS and is_own):
            if result.shape == known[0].shape:
                self._squares[result] = op, shapes, is_own
        elif call.name in DISTANCES or (call.name in _ENDS and result.dim() == 0):
            self.accidents.append(Accident(op=op, shapes=shapes, end=call.name))

    def _meet(self, given: list[Tensor]) -> bool:
        one, other = given
        return (self._is_row(one) and self._is_column(other)) or (
            self._is_row(other) and self._is_column(one)
        )

    def _is_row(self, tensor: Tensor) -> bool:
        return tensor.shape == (self._samples,)

    def _is_column(self, tensor: Tensor) -> bool:
        return tensor.shape == (self._samples, 1) and self._samples > 1
