"""`python -m headway`, which is also what torchrun starts in each process."""

import sys

from headway.cli import main

if __name__ == "__main__":  # worker processes import this file too
    sys.exit(main())
