"""What a training does to its gradients before the update, in one object."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from headway.errors import RecipeError
from headway.optim.clipping import (
    clip_each_gradient_,
    clip_gradients_,
    clip_value_,
    gradient_norm,
    normalize_gradients_,
    scale_,
)

ClipMode = Literal["norm", "per-tensor", "normalize", "percentile"]


class Clipper:
    """Clips the gradients of some parameters, as often as it is called.

    "norm" bounds the norm of all gradients together, "per-tensor" that of each tensor, and
    "normalize" makes the common norm equal to `max_norm` whether it was above or below.
    "percentile" bounds the common norm by a percentile of the last `window` norms, this one
    included, so that the bound follows the training by itself; nothing is read on the host,
    and norms that are not finite are left out. `max_value` clamps each element afterwards.

    Args:
        parameters: Parameters whose gradients are clipped.
        mode: What is bounded.
        max_norm: The bound of the first three modes, above 0; None leaves norms alone.
        percentile: Of the norms, in 0..100, for "percentile".
        window: How many norms "percentile" looks back, at least 1.
        max_value: Largest magnitude of an element, above 0, or None.

    Raises:
        RecipeError: If `mode` and the bounds do not fit together.

    Reference:
        Seetharaman et al., "AutoClip: Adaptive Gradient Clipping for Source Separation
        Networks", 2020. arXiv:2007.14469. The window is ours; the paper keeps all norms.

    Example:
        >>> w = torch.zeros(1, requires_grad=True)
        >>> w.grad = torch.tensor([4.0])
        >>> clip_ = Clipper([w], mode="normalize", max_norm=0.5)
        >>> clip_().item(), w.grad.item()
        (4.0, 0.5)
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        *,
        mode: ClipMode = "norm",
        max_norm: float | None = None,
        percentile: float = 10.0,
        window: int = 1000,
        max_value: float | None = None,
    ) -> None:
        check_clipping(mode, max_norm)
        self._parameters = list(parameters)
        self._mode = mode
        self._max_norm = max_norm
        self._max_value = max_value
        self._quantile = percentile / 100.0
        self._num_norms = 0
        size = window if mode == "percentile" else 0
        device = self._parameters[0].device if self._parameters else None
        self._norms = torch.zeros(size, device=device)

    @property
    def is_on(self) -> bool:
        """Whether there is anything to clip."""
        is_bounded = self._mode == "percentile" or self._max_norm is not None
        return is_bounded or self._max_value is not None

    @torch.no_grad()
    def __call__(self) -> Float[Tensor, ""]:
        """Clip the gradients in place; return their common norm before, on their device."""
        norm = self._clip_norms()
        if self._max_value is not None:
            clip_value_(self._parameters, max_value=self._max_value)
        return norm

    def state_dict(self) -> dict[str, Any]:
        """Return the norms that a percentile is taken of, and how many there were."""
        return {"norms": self._norms, "num_norms": self._num_norms}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned; norms of another window are forgotten."""
        if len(state["norms"]) == len(self._norms):
            self._norms.copy_(state["norms"])
            self._num_norms = state["num_norms"]

    def _clip_norms(self) -> Tensor:
        if self._mode == "percentile":
            return self._clip_at_percentile()
        if self._max_norm is None:
            return gradient_norm(self._parameters)
        if self._mode == "normalize":
            return normalize_gradients_(self._parameters, norm=self._max_norm)
        clip_ = clip_gradients_ if self._mode == "norm" else clip_each_gradient_
        return clip_(self._parameters, max_norm=self._max_norm)

    def _clip_at_percentile(self) -> Tensor:
        norm = gradient_norm(self._parameters)
        if hasattr(norm, "full_tensor"):  # the gradients are shards
            norm = norm.full_tensor()  # pyright: ignore
        position = self._num_norms % len(self._norms)
        self._norms[position] = torch.where(norm.isfinite(), norm, torch.nan)
        self._num_norms += 1
        seen = self._norms[: self._num_norms]
        bound = seen.nanquantile(self._quantile)
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        scale_(gradients, torch.where(norm <= bound, 1.0, bound / norm))
        return norm


def check_clipping(mode: str, max_norm: float | None) -> None:
    """Refuse a mode of clipping without its bound, or a bound without its mode.

    Raises:
        RecipeError: If `mode` and `max_norm` do not fit together.
    """
    if mode == "percentile" and max_norm is not None:
        raise RecipeError(
            f'training.clip_mode="percentile" finds its bound itself, got clip_norm='
            f"{max_norm}; leave clip_norm out, or choose another mode"
        )
    if mode in ("per-tensor", "normalize") and max_norm is None:
        raise RecipeError(
            f'training.clip_mode="{mode}" needs a norm; set training.clip_norm, such as 1.0'
        )
