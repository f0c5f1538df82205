"""How long the commands take to answer, beside a bare Python and a bare `import torch`."""

import subprocess
import sys
import time
from functools import partial

from timing import Report, Runs, Table, alternate, figure, parser

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "headway --help": ["-m", "headway", "--help"],
    "headway train --help": ["-m", "headway", "train", "--help"],
    "headway runs": ["-m", "headway", "runs"],
    "python -c 'import torch'": ["-c", "import torch"],
    "import headway.jobs": ["-c", "import headway.jobs"],
}
NOTES = ("Wall time of the whole process, output thrown away; the commands take turns.",)


def seconds(command: list[str]) -> float:
    """Run a command of this Python and return its wall time."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Read the command line, measure and report."""
    arguments = parser(__doc__, threads=1, repeats=9).parse_args()
    report = Report("startup", arguments, NOTES)
    arms = {name: partial(seconds, command) for name, command in COMMANDS.items()}
    results = {
        name: Runs(tuple(1e3 * value for value in values))
        for name, values in alternate(arms, repeats=arguments.repeats).items()
    }
    rows = [["command", "ms", "spread ms"]]
    rows += [
        [name, figure(runs.median), figure(runs.spread)] for name, runs in results.items()
    ]
    report.add(Table("Time to answer", rows))


if __name__ == "__main__":
    main()
