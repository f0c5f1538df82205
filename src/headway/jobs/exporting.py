"""Write a trained network in forms that other programs run."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from headway.errors import HeadwayError
from headway.jobs.network import Network, load_network
from headway.recipe import Weights
from headway.runs import open_run

ExportFormat = Literal["onnx", "torch"]


class _Deployed(nn.Module):
    """Raw inputs to predictions: preprocessing, network and task in one graph.

    Args:
        network: The trained network.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.preprocessing = network.preprocessing
        self.model = network.model
        self._task = network.task

    def forward(self, inputs: Tensor) -> Tensor:
        """Return probabilities, or values in their own units."""
        return self._task.predict(self.model(self.preprocessing(inputs)))


def export(
    run: str | Path,
    *,
    formats: Sequence[ExportFormat] = ("onnx", "torch"),
    out: str | Path | None = None,
    weights: Weights = "best",
) -> list[Path]:
    """Write the network of a run with its preprocessing, for any batch size.

    The exported program takes raw inputs (uint8 images as they come from a file, or feature
    values) and returns probabilities, or values in their own units, in float32.

    Args:
        run: Run folder, or its name below runs/.
        formats: "onnx" for ONNX runtimes, "torch" for `torch.export.load`.
        out: Folder to write to; the run folder's export/ where None.
        weights: The best snapshot by validation, or the state of the newest checkpoint.

    Raises:
        RunError: If there is no such run.
        HeadwayError: If the network cannot be written in a format.

    Example:
        >>> export("runs/digits", formats=["onnx"])  # doctest: +SKIP
        [PosixPath('runs/digits/export/model.onnx')]
    """
    found = open_run(run)
    network = load_network(found, weights=weights, device="cpu")
    folder = Path(out) if out is not None else found.folder / "export"
    folder.mkdir(parents=True, exist_ok=True)
    program = _export(network)
    return [_write(program, form, folder) for form in dict.fromkeys(formats)]


def _export(network: Network) -> torch.export.ExportedProgram:
    dtype = getattr(torch, network.info.dtype)
    example = torch.zeros(2, *network.info.input_shape, dtype=dtype)
    deployed = _Deployed(network).eval().requires_grad_(False)
    try:
        return torch.export.export(
            deployed, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},)
        )
    except (
        Exception
    ) as error:  # torch.export raises classes of its own for what it cannot trace
        raise HeadwayError(
            f"{network.recipe.model.name} cannot be traced by torch.export: {error}"
        ) from error


def _write(program: torch.export.ExportedProgram, form: ExportFormat, folder: Path) -> Path:
    if form == "torch":
        path = folder / "model.pt2"
        torch.export.save(program, path)
        return path
    path = folder / "model.onnx"
    with warnings.catch_warnings():
        # The exporter warns about its own use of what its libraries deprecate.
        warnings.simplefilter("ignore")
        exported = torch.onnx.export(
            program, input_names=["inputs"], output_names=["predictions"], verbose=False
        )
    assert exported is not None
    exported.save(path)
    return path
