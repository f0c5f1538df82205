"""How fast the recurrent layers are beside those of torch.nn, on a CPU."""

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor, nn

from headway.nn import GRU, LSTM, LSTM1997, UGRNN, Recurrent, VanillaRNN
from timing import Report, Runs, Table, alternate, figure, parser, seconds_per_call

# Steps, batch, inputs, hidden: the character model by default, a small and a wide one.
SIZES = ((128, 64, 64, 128), (100, 32, 32, 32), (50, 64, 256, 256))
# Each with the layer of torch that it is compared with: its own, or the nearest there is.
OURS = {
    "VanillaRNN tanh": (partial(VanillaRNN, activation="tanh"), "RNN"),
    "VanillaRNN sigmoid": (VanillaRNN, "RNN"),
    "UGRNN": (UGRNN, "GRU"),
    "GRU reset after": (GRU, "GRU"),
    "GRU reset before": (partial(GRU, reset="before"), "GRU"),
    "LSTM": (LSTM, "LSTM"),
    "LSTM1997": (LSTM1997, "LSTM"),
}
NOTES = (
    "One layer, one direction, float32. 'ratio' is the median time of the layer over that of "
    "the layer of torch.nn in the row: below 1 the layer here is faster.",
    "All layers run in turn in one process, so that a slow spell meets each of them.",
    "'steps' is the same layer with fused=False: a loop over the steps in Python that "
    "autograd records.",
    "torch.nn has no UGRNN, no sigmoid, no reset before the product and no LSTM without "
    "forget gate; those are compared with its nearest layer, which has another number of "
    "gates: 3 in the GRU and 4 in the LSTM, 2 in the UGRNN, 3 in the LSTM of 1997.",
)
Arm = Callable[[], float]


def layers(inputs: int, hidden: int) -> dict[str, nn.Module]:
    """Return the layers of torch and ours, each of ours with its kernel and without."""
    found: dict[str, nn.Module] = {
        f"torch.nn.{kind.__name__}": kind(inputs, hidden)
        for kind in (nn.RNN, nn.GRU, nn.LSTM)
    }
    for name, (cell, _) in OURS.items():
        found[name] = Recurrent(cell, inputs, hidden)
        found[f"{name}, steps"] = Recurrent(cell, inputs, hidden, fused=False)
    return found


@torch.no_grad()
def forward(layer: nn.Module, x: Tensor) -> None:
    """Run a layer as in an evaluation."""
    layer(x)


def forward_backward(layer: nn.Module, x: Tensor) -> None:
    """Run a layer and take the gradient of its weights and of its inputs."""
    layer.zero_grad()
    x.grad = None
    layer(x)[0].sum().backward()


def tables(*, calls: int, repeats: int) -> Iterator[Table]:
    """Measure every size, forward alone and with the backward pass."""
    for steps, batch, inputs, hidden in SIZES:
        x = torch.randn(steps, batch, inputs, requires_grad=True)
        found = layers(inputs, hidden)
        for title, run in (
            ("forward", forward),
            ("forward and backward", forward_backward),
        ):
            arms: dict[str, Arm] = {
                name: partial(seconds_per_call, partial(run, layer, x), calls=calls)
                for name, layer in found.items()
            }
            results = alternate(arms, repeats=repeats)
            runs = {name: Runs(tuple(values)) for name, values in results.items()}
            size = f"{steps} steps, batch {batch}, {inputs} inputs, {hidden} hidden"
            yield comparison(f"{title}: {size}", runs)


def comparison(title: str, runs: dict[str, Runs]) -> Table:
    """Return the milliseconds of our layers beside those of torch."""
    rows = [["layer", "ms", "spread ms", "torch.nn", "ms", "ratio", "steps ms"]]
    for name, (_, kind) in OURS.items():
        ours, theirs = runs[name], runs[f"torch.nn.{kind}"]
        plain = runs[f"{name}, steps"]
        rows.append(
            [
                name,
                figure(1e3 * ours.median),
                figure(1e3 * ours.spread),
                kind,
                figure(1e3 * theirs.median),
                f"{ours.median / theirs.median:.2f}",
                figure(1e3 * plain.median),
            ]
        )
    return Table(title, rows)


def main() -> None:
    """Read the command line, measure and report."""
    command = parser(__doc__, threads=1, repeats=9)
    command.add_argument("--calls", type=int, default=5, help="calls of a run")
    arguments = command.parse_args()
    torch.set_num_threads(arguments.threads)
    report = Report("recurrent", arguments, NOTES)
    for table in tables(calls=arguments.calls, repeats=arguments.repeats):
        report.add(table)


if __name__ == "__main__":
    main()
