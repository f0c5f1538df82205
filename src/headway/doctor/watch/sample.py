"""Numbers of the layers and weights of one watched step, on the host."""

import math
from dataclasses import dataclass

from headway.measure.layer_numbers import LayerKind


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerSample:
    """What a layer gave in one forward pass.

    Attributes:
        name: Name of the module, or of the module and the function that it calls.
        kind: What it does.
        function: Which activation function it is, "" if none.
        std: Standard deviation of the output.
        dead_fraction: Units of a rectifier that were 0 in all of the last samples, None for
            other layers and until enough values were seen.
        saturated_fraction: Values where a bounded function is nearly flat, None for others.
    """

    name: str
    kind: LayerKind
    function: str
    std: float
    dead_fraction: float | None = None
    saturated_fraction: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightSample:
    """What one step did with a weight.

    Attributes:
        name: Name of the parameter.
        layer: Name of the layer that it belongs to.
        kind: What that layer does.
        norm: Its L2 norm.
        grad_norm: L2 norm of its gradient.
        update_ratio: Norm of its change over its norm, None if this step did not look at it.
    """

    name: str
    layer: str
    kind: LayerKind
    norm: float
    grad_norm: float
    update_ratio: float | None = None

    @property
    def relative_grad(self) -> float:
        """Norm of the gradient over that of the weight; NaN for a weight of zeros."""
        return self.grad_norm / self.norm if self.norm > 0 else math.nan


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One watched step.

    Attributes:
        step: Its number from 1.
        layers: In the order in which they ran.
        weights: In the order in which the network has them.
    """

    step: int
    layers: tuple[LayerSample, ...] = ()
    weights: tuple[WeightSample, ...] = ()

    @property
    def grad_norm(self) -> float:
        """L2 norm of all gradients together."""
        return math.sqrt(math.fsum(weight.grad_norm**2 for weight in self.weights))

    @property
    def update_ratio(self) -> float:
        """Median of the update ratios of the weights that moved, NaN without any."""
        ratios = sorted(w.update_ratio for w in self.weights if w.update_ratio)
        return ratios[len(ratios) // 2] if ratios else math.nan
