"""`python -m headway`, which is also what torchrun starts in each process."""

import os
import sys

from headway.cli import main

if __name__ == "__main__":  # worker processes import this file too
    code = main()
    if "TORCHELASTIC_RUN_ID" in os.environ:
        # All is saved and closed. Torch's background threads now and then abort an
        # interpreter that tears itself down, which torchrun would report as a failure.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
