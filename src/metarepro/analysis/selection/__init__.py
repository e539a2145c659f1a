"""From the rows of the tables to the comparisons of an analysis, by stated rules; never by the order of the rows."""

from metarepro.analysis.selection.comparison import Comparison
from metarepro.analysis.selection.selection import Selection, select

__all__ = ["Comparison", "Selection", "select"]
