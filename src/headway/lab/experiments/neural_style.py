"""An image with the content of one picture and the style of another.

What is trained here is the image: its pixels follow the gradient of a loss on the features of
a network that stays as it is. The network has random filters, as no pretrained weights come
with the package; the paper has VGG-19.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn import datasets
from torch import Tensor, nn

from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.nn import initialize_

SIDE, STEPS = 64, 150
_LR, _STYLE_WEIGHT = 0.05, 0.6


def _picture(name: str) -> Tensor:
    """Return the middle of one of scikit-learn's photographs, scaled down."""
    pixels: Any = cast(Any, datasets).load_sample_image(name)
    image = torch.tensor(np.array(pixels)).permute(2, 0, 1)[None] / 255
    square = image[:, :, :427, 106:533]
    return nn.functional.interpolate(square, SIDE, mode="area")


class _Features(nn.Module):
    """Four stages of convolution, ReLU and average pooling with random filters."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 16, 32, 64, 64)
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(before, after, 3, padding=1), nn.ReLU())
            for before, after in pairwise(widths)
        )
        self.pool = nn.AvgPool2d(2)
        initialize_(self)
        self.requires_grad_(False)

    def forward(self, image: Tensor) -> list[Tensor]:
        features, x = [], image
        for stage in self.stages:
            x = stage(x)
            features.append(x)
            x = self.pool(x)
        return features


def _gram(features: Tensor) -> Tensor:
    """Return how the channels go together, whatever the place."""
    rows = features.flatten(2)
    return rows @ rows.mT / rows.shape[2]


def _style_loss(features: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Return the mean of the layers' relative squared differences between Gram matrices."""
    pairs = [(_gram(f), _gram(w)) for f, w in zip(features, wanted, strict=True)]
    return torch.stack([(f - w).square().sum() / w.square().sum() for f, w in pairs]).mean()


def _content_loss(features: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Return the relative squared difference of the last layer but one."""
    return (features[2] - wanted[2]).square().sum() / wanted[2].square().sum()


def _arm(content_weight: float, style_weight: float, steps: int = STEPS) -> Arm:
    """Let the pixels follow the gradient, from noise."""

    def arm(bench: Bench, seed: int) -> Numbers:
        torch.manual_seed(seed)
        network = _Features()
        content, style = network(_picture("china.jpg")), network(_picture("flower.jpg"))
        image = torch.rand(1, 3, SIDE, SIDE).requires_grad_()
        optimizer = torch.optim.Adam([image], _LR)
        losses: list[tuple[float, float]] = []
        for _ in range(steps):
            features = network(image)
            of_content = _content_loss(features, content)
            of_style = _style_loss(features, style)
            losses.append((float(of_content.detach()), float(of_style.detach())))
            optimizer.zero_grad()
            (content_weight * of_content + style_weight * of_style).backward()
            optimizer.step()
            image.data.clamp_(0, 1)
        return {
            "content": [each[0] for each in losses],
            "style": [each[1] for each in losses],
            "image": _to_text(image.detach()),
        }

    return arm


def _to_text(image: Tensor) -> str:
    pixels = (255 * image[0]).round().to(torch.uint8).permute(1, 2, 0)
    return pixels.numpy().tobytes().hex()


def _from_text(text: str) -> Any:
    return np.frombuffer(bytes.fromhex(text), np.uint8).reshape(SIDE, SIDE, 3)


def _left(arm: str, key: str) -> Callable[[Arms], float]:
    """Return the loss at the end as a part of that of noise."""
    return lambda arms: arms[arm][key][-1] / arms["noise"][key][0]


def _show(axes: Axes, pixels: Any, title: str) -> None:
    axes.imshow(pixels)
    axes.set_axis_off()
    axes.set_title(title, fontsize=9)


def _plot(figure: Figure, results: Results) -> None:
    parts: Any = figure.subfigures(2, 1, height_ratios=(1, 1.3))
    top, bottom = parts
    pictures = [_picture(name)[0].permute(1, 2, 0) for name in ("china.jpg", "flower.jpg")]
    shown = [*pictures, *(_from_text(results.first(arm)["image"]) for arm in _SAYS)]
    titles = ["content", "style", *_SAYS.values()]
    for axes, pixels, title in zip(top.subplots(1, 5), shown, titles, strict=True):
        _show(axes, pixels, title)
    plots = bottom.subplots(1, 2, sharex=True)
    for axes, key in zip(plots, ("content", "style"), strict=True):
        for (arm, name), color in zip(_SAYS.items(), COLORS, strict=False):
            losses = results.values(arm, key)
            draw_seeds(axes, range(len(losses[0])), losses, color=color, name=name)
        axes.set_yscale("log")
        label(axes, "step", f"relative {key} loss")
    plots[1].legend()


_SAYS = {"both": "content and style", "content alone": "content alone", "noise": "noise"}


EXPERIMENT = Experiment(
    name="neural-style",
    claim="Pixels can be trained to have the content of one picture and the style of another.",
    source='Gatys et al., "A Neural Algorithm of Artistic Style", 2015, section 2, with '
    "random filters",
    arms={
        "both": _arm(1.0, _STYLE_WEIGHT),
        "content alone": _arm(1.0, 0.0),
        "noise": _arm(0.0, 0.0),
    },
    requirements=(
        Requirement(
            text="the style loss falls to less than a fifth of that of noise",
            value=_left("both", "style"),
            below=0.2,
        ),
        Requirement(
            text="the content loss falls to less than 60 % of it at the same time",
            value=_left("both", "content"),
            below=0.6,
        ),
        Requirement(
            text="with the content alone the style loss stays above a fifth",
            value=_left("content alone", "style"),
            above=0.2,
            is_control=True,
        ),
        Requirement(
            text="noise that is not trained keeps its style loss, to 1 %",
            value=_left("noise", "style"),
            above=0.99,
            is_control=True,
        ),
    ),
    plot=_plot,
    note=(
        "The style comes out in every seed. How far the content loss falls depends on the "
        "random filters, which decide what content and style weigh against each other; one "
        "weight does not serve all of them, as it does the one trained network of the paper."
    ),
    size=(8.0, 5.5),
)
