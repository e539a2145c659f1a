"""Results -> one self-contained page. Every number comes from the results; no statistic is computed here."""

from metarepro.report.page import Content, render_report

__all__ = ["Content", "render_report"]
