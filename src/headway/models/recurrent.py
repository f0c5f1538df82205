"""Recurrent networks for texts, symbols and sequences of real numbers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

from jaxtyping import Float, Int64
from msgspec import Meta
from torch import Tensor, nn

from headway.errors import ModelError
from headway.models.family import Family, ModelCard
from headway.models.options import defaults, read_options
from headway.nn import GRU, LSTM, LSTM1997, UGRNN, Recurrent, RecurrentCell, VanillaRNN

_Size = Annotated[int, Meta(ge=1)]
_DropProb = Annotated[float, Meta(ge=0.0, lt=1.0)]
MakeCell = Callable[[int, int], RecurrentCell]


class TokenNetwork(nn.Module):
    """An answer at every step of a sequence of tokens: embedding, recurrent layers, linear.

    The answer at a step depends on the tokens up to that step alone.

    Args:
        cell: Makes a recurrent cell from its two sizes.
        num_outputs: Kinds of tokens, and width of the answers.
        embedding_size: Numbers that stand for a token.
        hidden_size: Numbers in the state of each layer.
        num_layers: Recurrent layers.
        drop_prob: Probability that dropout sets an output of a recurrent layer to zero.

    Reference:
        Zaremba et al., "Recurrent Neural Network Regularization", 2014 (dropout outside the
        recurrence). arXiv:1409.2329.
    """

    def __init__(
        self,
        cell: MakeCell,
        num_outputs: int,
        *,
        embedding_size: int,
        hidden_size: int,
        num_layers: int,
        drop_prob: float,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_outputs, embedding_size)
        self.recurrent = Recurrent(
            cell,
            embedding_size,
            hidden_size,
            num_layers=num_layers,
            drop_prob=drop_prob,
            batch_first=True,
        )
        self.dropout = nn.Dropout(drop_prob)
        self.head = nn.Linear(hidden_size, num_outputs)

    def forward(
        self, tokens: Int64[Tensor, "batch steps"]
    ) -> Float[Tensor, "batch steps outputs"]:
        """Return the outputs at every step."""
        hidden, _ = self.recurrent(self.embedding(tokens))
        return self.head(self.dropout(hidden))


class SequenceNetwork(nn.Module):
    """One answer after the last step of a sequence of real numbers.

    Args:
        cell: Makes a recurrent cell from its two sizes.
        in_channels: Numbers in each step.
        num_outputs: Width of the answer.
        hidden_size: Numbers in the state of each cell.
        num_layers: Recurrent layers.
        bidirectional: Whether each layer also goes from the end to the start.
        drop_prob: Probability that dropout sets an output of a recurrent layer to zero.
    """

    def __init__(
        self,
        cell: MakeCell,
        in_channels: int,
        num_outputs: int,
        *,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,
        drop_prob: float,
    ) -> None:
        super().__init__()
        self.recurrent = Recurrent(
            cell,
            in_channels,
            hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            drop_prob=drop_prob,
            batch_first=True,
        )
        self.dropout = nn.Dropout(drop_prob)
        self.num_directions = 1 + bidirectional
        self.head = nn.Linear(self.num_directions * hidden_size, num_outputs)

    def forward(
        self, x: Float[Tensor, "batch steps channels"]
    ) -> Float[Tensor, "batch outputs"]:
        """Return the outputs after the last step of each direction."""
        _, state = self.recurrent(x)
        last = state if isinstance(state, Tensor) else state[0]
        ends = last[-self.num_directions :].transpose(0, 1).flatten(1)
        return self.head(self.dropout(ends))


@dataclass(frozen=True, kw_only=True, slots=True)
class RecurrentOptions:
    """Options of every recurrent network; see `TokenNetwork` and `SequenceNetwork`."""

    hidden_size: _Size = 128
    num_layers: _Size = 1
    embedding_size: _Size = 64
    bidirectional: bool = False
    drop_prob: _DropProb = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class VanillaOptions(RecurrentOptions):
    """Options of `rnn`; see `VanillaRNN`."""

    activation: Literal["sigmoid", "tanh", "relu"] = "sigmoid"


@dataclass(frozen=True, kw_only=True, slots=True)
class GatedOptions(RecurrentOptions):
    """Options of `ugrnn`; see `UGRNN`."""

    forget_bias: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class GRUOptions(GatedOptions):
    """Options of `gru`; see `GRU`."""

    reset: Literal["before", "after"] = "after"


@dataclass(frozen=True, kw_only=True, slots=True)
class LSTMOptions(GatedOptions):
    """Options of `lstm`; without its forget gate it is `LSTM1997`."""

    forget_gate: bool = True


def _vanilla(options: VanillaOptions) -> MakeCell:
    return partial(VanillaRNN, activation=options.activation)


def _ugrnn(options: GatedOptions) -> MakeCell:
    return partial(UGRNN, forget_bias=options.forget_bias)


def _gru(options: GRUOptions) -> MakeCell:
    return partial(GRU, reset=options.reset, forget_bias=options.forget_bias)


def _lstm(options: LSTMOptions) -> MakeCell:
    if options.forget_gate:
        return partial(LSTM, forget_bias=options.forget_bias)
    return LSTM1997


def _build(
    name: str,
    *,
    input_shape: tuple[int, ...],
    num_outputs: int,
    options: Mapping[str, Any],
    schema: type[RecurrentOptions],
    make_cell: Callable[[Any], MakeCell],
) -> nn.Module:
    settings = read_options(name, schema, options)
    cell = make_cell(settings)
    if len(input_shape) == 1:
        if settings.bidirectional:
            raise ModelError(
                f"model {name!r} answers at every step of a text and must not see what comes "
                "later: leave out the option 'bidirectional'"
            )
        return TokenNetwork(
            cell,
            num_outputs,
            embedding_size=settings.embedding_size,
            hidden_size=settings.hidden_size,
            num_layers=settings.num_layers,
            drop_prob=settings.drop_prob,
        )
    if len(input_shape) == 2:
        return SequenceNetwork(
            cell,
            input_shape[1],
            num_outputs,
            hidden_size=settings.hidden_size,
            num_layers=settings.num_layers,
            bidirectional=settings.bidirectional,
            drop_prob=settings.drop_prob,
        )
    raise ModelError(
        f"model {name!r} takes sequences of shape (steps,) or (steps, channels), but the data "
        f"has samples of shape {input_shape}; use a network for images, such as 'resnet-20'"
    )


def _family(
    name: str,
    description: str,
    reference: str,
    schema: type[RecurrentOptions],
    make_cell: Callable[[Any], MakeCell],
) -> Family:
    return Family(
        card=ModelCard(
            name=name,
            family=name,
            description=f"{description} for texts and sequences.",
            reference=reference,
            options=defaults(schema),
        ),
        pattern=re.compile(name),
        build=partial(_build, schema=schema, make_cell=make_cell),
        input_kinds=("tokens", "sequence"),
    )


FAMILIES = (
    _family(
        "rnn",
        "Recurrent network without gates",
        "Elman, Finding Structure in Time, 1990",
        VanillaOptions,
        _vanilla,
    ),
    _family(
        "ugrnn",
        "Recurrent network with an update gate",
        "Collins et al., 2016, arXiv:1611.09913",
        GatedOptions,
        _ugrnn,
    ),
    _family(
        "gru",
        "Gated recurrent units",
        "Cho et al., 2014, arXiv:1406.1078",
        GRUOptions,
        _gru,
    ),
    _family(
        "lstm",
        "Long short-term memory",
        "Hochreiter and Schmidhuber, 1997; Gers et al., 2000",
        LSTMOptions,
        _lstm,
    ),
)
