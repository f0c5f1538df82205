"""The board: a local page and one-file reports over run records; never loads torch."""

from headway.board.report import build_report, write_report
from headway.board.server import serve

__all__ = ["build_report", "serve", "write_report"]
