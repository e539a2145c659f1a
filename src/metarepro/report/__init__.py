"""Results -> one self-contained page. Every number comes from the results; nothing is computed or typed here."""

from metarepro.report.page import render_report

__all__ = ["render_report"]
