"""The command line: parses arguments, calls one function, prints."""

from headway.cli.app import main

__all__ = ["main"]
