"""The cliff in the loss of a recurrent network of one unit, and steps that meet it."""

from collections.abc import Callable

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.optim import clip_each_gradient_

NUM_STEPS, TARGET = 50, 0.7
LR, UPDATES, MAX_NORM, NUM_STARTS, NUM_DRAWN = 0.3, 150, 0.5, 20, 3
# Sigmoid of 0.5, the state before the first step.
FIRST = 0.622459
_W, _B = (4.0, 6.5), (-4.0, -0.5)
# Recurrent weight at which the cliff is measured.
_CUT = 5.5
_FAR = 1.0
_SHADES = "Blues_r"


def state_of(w: Tensor, b: Tensor) -> Tensor:
    """Return s_50, where s_t = sigmoid(w s_(t-1) + b), for each w and b."""
    state = torch.full_like(w, FIRST)
    for _ in range(NUM_STEPS):
        state = torch.sigmoid(w * state + b)
    return state


def loss_of(w: Tensor, b: Tensor) -> Tensor:
    """Return (s_50 - 0.7)^2 for each w and b."""
    return (state_of(w, b) - TARGET).square()


def _gradients(w: Tensor, b: Tensor) -> Tensor:
    """Return the length of the gradient at each point."""
    point = (w.clone().requires_grad_(), b.clone().requires_grad_())
    gradients = torch.autograd.grad(loss_of(*point).sum(), point)
    return torch.stack(gradients).norm(dim=0)


def _edge() -> float:
    """Return the bias at which the state after all steps goes from low to high."""
    low, high = _B
    w = torch.tensor(_CUT, dtype=torch.float64)
    for _ in range(60):
        middle = (low + high) / 2
        is_high = state_of(w, torch.tensor(middle, dtype=torch.float64)) > FIRST
        low, high = (low, middle) if is_high else (middle, high)
    return high


def _surface(bench: Bench, seed: int) -> Numbers:
    w = torch.linspace(*_W, 61, dtype=torch.float64)
    b = torch.linspace(*_B, 71, dtype=torch.float64)
    heights = loss_of(*torch.meshgrid(w, b, indexing="ij"))
    across = torch.linspace(*_B, 1001, dtype=torch.float64)
    around = _gradients(torch.full_like(across, _CUT), across)
    edge = torch.tensor([_edge()], dtype=torch.float64)
    at_edge = _gradients(torch.full_like(edge, _CUT), edge)
    return {
        "w": w.tolist(),
        "b": b.tolist(),
        "loss": [[round(value, 4) for value in row] for row in heights.tolist()],
        "steepness": float(at_edge / around.median()),
    }


def _starts(seed: int) -> Tensor:
    """Return points on the gentle side of the cliff."""
    generator = torch.Generator().manual_seed(seed)
    shares = torch.rand(2, NUM_STARTS, generator=generator, dtype=torch.float64)
    w = 4.6 + shares[0]
    return torch.stack([w, 0.4 + 0.4 * shares[1] - FIRST * w], dim=1)


def _descent(*, is_clipped: bool) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        points = [start.clone().requires_grad_() for start in _starts(seed)]
        optimizer = torch.optim.SGD(points, lr=LR)
        paths: list[Tensor] = []
        for _ in range(UPDATES):
            paths.append(torch.stack(points).detach())
            optimizer.zero_grad()
            loss_of(*torch.stack(points).unbind(1)).sum().backward()
            if is_clipped:
                clip_each_gradient_(points, max_norm=MAX_NORM)
            optimizer.step()
        return _read(torch.stack(paths))

    return arm


def _read(paths: Tensor) -> Numbers:
    longest = paths.diff(dim=0).norm(dim=2).amax(dim=0)
    return {
        "loss": float(loss_of(*paths[-1].unbind(1)).mean()),
        "thrown": float((longest > _FAR).double().mean()),
        "paths": paths[:, :NUM_DRAWN].transpose(0, 1).tolist(),
    }


def _draw_paths(axes: Axes, results: Results, arm: str, title: str) -> None:
    surface = results.first("surface")
    shades = axes.contourf(
        surface["w"],
        surface["b"],
        list(zip(*surface["loss"], strict=True)),
        levels=20,
        cmap=_SHADES,
    )
    if arm == "clipped":
        axes.figure.colorbar(shades, ax=axes, label="loss")
    for number, path in enumerate(results.first(arm)["paths"]):
        w, b = zip(*path, strict=True)
        color = COLORS[(1, 4, 3)[number]]
        axes.plot(w, b, ".-", color=color, linewidth=0.8, markersize=3)
        axes.plot(w[0], b[0], "o", color=color, markeredgecolor="black")
    axes.set_xlim(4.0, 5.6)
    axes.set_ylim(-3.2, -1.4)
    axes.grid(visible=False)
    label(axes, "recurrent weight w", "bias b", title)


def _plot(figure: Figure, results: Results) -> None:
    surface = results.first("surface")
    solid = figure.add_subplot(1, 3, 1, projection="3d")
    w, b = torch.meshgrid(
        torch.tensor(surface["w"]), torch.tensor(surface["b"]), indexing="ij"
    )
    solid.plot_surface(  # pyright: ignore
        w.numpy(), b.numpy(), torch.tensor(surface["loss"]).numpy(), cmap=_SHADES
    )
    solid.view_init(elev=35, azim=200)  # pyright: ignore
    label(solid, "w", "b", "loss of one unit after 50 steps")
    _draw_paths(
        figure.add_subplot(1, 3, 2), results, "unclipped", "without clipping, three starts"
    )
    _draw_paths(
        figure.add_subplot(1, 3, 3), results, "clipped", f"clipped at norm {MAX_NORM:g}"
    )


def _value(arm: str, key: str) -> Callable[[Arms], float]:
    def value(arms: Arms) -> float:
        return arms[arm][key]

    return value


EXPERIMENT = Experiment(
    name="loss-cliff",
    claim="The loss of a recurrent network has cliffs that throw an unclipped step far away.",
    source='Pascanu et al., "On the difficulty of training recurrent neural networks", 2013, '
    "figure 6",
    arms={
        "surface": _surface,
        "unclipped": _descent(is_clipped=False),
        "clipped": _descent(is_clipped=True),
    },
    requirements=(
        Requirement(
            text="the gradient at the edge is over 1,000 times its median along the bias",
            value=_value("surface", "steepness"),
            above=1000.0,
        ),
        Requirement(
            text=f"without clipping, of {NUM_STARTS} starts the part that is once thrown "
            f"further than {_FAR:g} is above 0.5",
            value=_value("unclipped", "thrown"),
            above=0.5,
            is_control=True,
        ),
        Requirement(
            text="and their mean loss ends above 0.05",
            value=_value("unclipped", "loss"),
            above=0.05,
            is_control=True,
        ),
        Requirement(
            text=f"clipped at norm {MAX_NORM:g} the mean loss of the starts ends below 0.01",
            value=_value("clipped", "loss"),
            below=0.01,
        ),
    ),
    plot=_plot,
    size=(11.0, 4.0),
)
