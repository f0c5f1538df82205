"""Direct, Fourier and overlap-add convolution by the side of the kernel."""

import argparse
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from headway.nn import fft_conv2d, overlap_add_conv2d
from timing import Report, Runs, Table, alternate, figure, parser, seconds_per_call

KERNELS = (3, 5, 7, 11, 15, 31)
# (batch, channels in and out, side): one picture of one channel, where transforms pay most,
# and a layer in the middle of a network.
SHAPES = ((1, 1, 256), (8, 16, 64))
ROUTES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "direct": F.conv2d,
    "FFT": fft_conv2d,
    "overlap-add": overlap_add_conv2d,
}
NOTES = (
    "Milliseconds of one forward pass in float32, without padding. direct: "
    "torch.nn.functional.conv2d. *best* is the fastest of the three.",
)


def kernel_row(shape: tuple[int, int, int], kernel: int, repeats: int) -> list[str]:
    """Measure the routes with one kernel."""
    batch, channels, side = shape
    torch.manual_seed(0)
    x = torch.randn(batch, channels, side, side)
    weight = torch.randn(channels, channels, kernel, kernel)
    calls = 20 if kernel < KERNELS[-1] else 5
    arms = {
        name: partial(seconds_per_call, partial(route, x, weight), calls=calls)
        for name, route in ROUTES.items()
    }
    with torch.no_grad():
        results = alternate(arms, repeats=repeats)
    runs = {name: Runs(tuple(values)) for name, values in results.items()}
    best = min(runs, key=lambda name: runs[name].median)
    cells = [
        text
        for route in runs.values()
        for text in (figure(1e3 * route.median), figure(1e3 * route.spread))
    ]
    return [f"{kernel}x{kernel}", *cells, best]


def shape_table(shape: tuple[int, int, int], arguments: argparse.Namespace) -> Table:
    """Measure all kernels on images of one shape."""
    batch, channels, side = shape
    header = ["kernel", *(cell for name in ROUTES for cell in (f"{name} ms", "spread"))]
    rows = [kernel_row(shape, kernel, arguments.repeats) for kernel in arguments.kernels]
    title = f"{batch} x {channels} channels to {channels}, {side}x{side} pixels"
    return Table(title, [[*header, "best"], *rows])


def main() -> None:
    """Read the command line, measure and report."""
    command = parser(__doc__, threads=1, repeats=7)
    command.add_argument("--kernels", type=int, nargs="+", default=KERNELS)
    arguments = command.parse_args()
    torch.set_num_threads(arguments.threads)
    report = Report("convolution", arguments, NOTES)
    for shape in SHAPES:
        report.add(shape_table(shape, arguments))


if __name__ == "__main__":
    main()
