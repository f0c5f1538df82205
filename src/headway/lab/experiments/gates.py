"""Sigmoid units with large weights are gates, and a network of them adds numbers."""

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.nn import adder, compile_circuit

BITS = 4
NOISES = tuple(i / 20 for i in range(13))
_GATES = {"and": "p and q", "or": "p or q", "not": "not p"}


def _numbers(num_bits: int) -> Tensor:
    """Return all numbers of so many bits in binary, the lowest bit first."""
    values = torch.arange(2**num_bits)
    return (values[:, None] >> torch.arange(num_bits)).remainder(2).double()


def _to_numbers(bits: Tensor) -> Tensor:
    return (bits.round() * 2.0 ** torch.arange(bits.shape[1])).sum(dim=1)


def _soften(network: nn.Sequential, factor: float) -> nn.Sequential:
    """Multiply all weights and biases of a circuit."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(factor)
    return network


def _truth(bench: Bench, seed: int) -> Numbers:
    """Evaluate each gate on all inputs, and on inputs that are off by less than it mends."""
    found: dict[str, float] = {}
    for name, text in _GATES.items():
        network = compile_circuit(text)
        inputs = _numbers(1 if name == "not" else 2)
        wanted = {"and": inputs.amin(1), "or": inputs.amax(1), "not": 1 - inputs[:, 0]}[
            name
        ]
        found[name] = float((network(inputs)[:, 0].detach() - wanted).abs().max())
    return found


def _sums(factor: float) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        generator = torch.Generator().manual_seed(seed)
        network = _soften(adder(BITS), factor)
        inputs = _numbers(2 * BITS)
        wanted = _to_numbers(inputs[:, :BITS]) + _to_numbers(inputs[:, BITS:])
        shares: list[float] = []
        for noise in NOISES:
            draws = (
                2 * torch.rand(inputs.shape, generator=generator, dtype=torch.float64) - 1
            )
            sums = _to_numbers(network(inputs + noise * draws))
            shares.append(float((sums == wanted).double().mean()))
        return {"right": shares}

    return arm


def _share(arm: str, noise: float, arms: Arms) -> float:
    return arms[arm]["right"][NOISES.index(noise)]


def _plot(figure: Figure, results: Results) -> None:
    left, right = figure.subplots(1, 2)
    p = torch.linspace(-0.2, 1.2, 281, dtype=torch.float64)
    both = torch.stack([p, p], 1)
    curves = {
        "NOT P": compile_circuit("not p")(both[:, :1]),
        "P AND P": compile_circuit("p and q")(both),
        "P OR P": compile_circuit("p or q")(both),
    }
    for (name, values), color in zip(curves.items(), COLORS[2:], strict=False):
        left.plot(p, values.detach()[:, 0], color=color, label=name)
    left.legend()
    label(left, "input P", "output", "Gates of one sigmoid unit")
    for arm, name, color in zip(_SAYS, _SAYS.values(), COLORS, strict=False):
        for number, shares in enumerate(results.values(arm, "right")):
            named = "" if number else name
            right.plot(NOISES, [100 * s for s in shares], "o-", color=color, label=named)
    right.axvline(0.25, color="k", ls="--", lw=1, label="what AND and OR mend")
    right.set_ylim(0, 135)
    right.set_yticks(range(0, 101, 20))
    right.legend(loc="upper right")
    label(right, "largest error of an input bit", "sums that are right (%)", "4-bit adder")


_SAYS = {"adder": "weights of 100", "small weights": "weights of 1"}


EXPERIMENT = Experiment(
    name="gates",
    claim="Deep networks can express any circuit: sigmoid units are gates that mend noise.",
    source="McAllester, TTIC 31230, 2020, trainability, the expressive power of DNNs",
    arms={"truth tables": _truth, "adder": _sums(1.0), "small weights": _sums(0.01)},
    requirements=(
        Requirement(
            text="AND, OR and NOT of whole inputs are exact to 1e-20",
            value=lambda arms: max(arms["truth tables"].values()),
            below=1e-20,
        ),
        Requirement(
            text="the adder gives all 256 sums right though each bit is off by up to 0.2",
            value=lambda arms: _share("adder", 0.2, arms),
            above=0.999,
        ),
        Requirement(
            text="with weights of 1 in place of 100 it gives less than half of them",
            value=lambda arms: _share("small weights", 0.2, arms),
            below=0.5,
            is_control=True,
        ),
        Requirement(
            text="off by up to 0.6, more than any gate can mend, it gives less than all",
            value=lambda arms: _share("adder", 0.6, arms),
            below=0.95,
            is_control=True,
        ),
    ),
    plot=_plot,
)
